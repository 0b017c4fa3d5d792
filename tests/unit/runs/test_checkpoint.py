"""A checkpoint keeps all, or the one before is used."""

import hashlib
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coordinator.runs.checkpoint import load_checkpoint, save_checkpoint
from shared.config import TrainConfig
from shared.errors import RunError
from shared.nn.score import Score
from shared.optim.schedules import CosineDecay
from shared.parallel.strategy import strategy_of
from shared.strategies import LocalSGD, SyncSGD
from shared.training.state import TrainingState
from tests.support import learning
from tests.support.mutate import COUNT, mutations
from tests.support.optimizers import TRIED
from tests.support.states import has_taken

CONFIG = TrainConfig(
    sizes=(196, 12, 10),
    epochs=60,
    mini_batch_size=10,
    learning_rate=3.0,
    arithmetic="native",
    strategy=SyncSGD(shards=2),
)


def test_a_checkpoint_keeps_all_of_a_state(tmp_path):
    state = TrainingState.initial(CONFIG)
    state.epoch, state.seconds = 3, 1.5
    has_taken(state, 7, CONFIG)
    state.score.add(Score(61, 2.0**70 + 0.375, 70))
    state.excluded.append("worker@host:1")
    state.history, state.best = [-0.5, -1 / 3, -1.5], state.parameters.copy()
    state.best.flat += 1
    for _ in range(3):  # so that there is one before
        save_checkpoint(tmp_path / "checkpoint.npz", state, CONFIG)
    found = load_checkpoint(tmp_path / "checkpoint.npz", CONFIG, 100)
    assert found is not None
    np.testing.assert_array_equal(found.parameters.flat, state.parameters.flat)
    assert (found.epoch, found.step_index, found.samples, found.seconds) == (3, 7, 70, 1.5)
    assert found.score == state.score
    assert found.excluded == ["worker@host:1"]
    assert found.counts == state.counts
    assert found.history == state.history
    assert found.best is not None
    assert found.best.sha256 == state.best.sha256 != found.parameters.sha256
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.before.npz", "checkpoint.npz"]


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, dice):
    config = replace(CONFIG, sizes=(6, 5, 3), epochs=9, strategy=LocalSGD(local_steps=2, outer_momentum=0.5))
    states = [TrainingState.initial(config), TrainingState.initial(config)]
    for number, state in enumerate(states):
        state.epoch = 3
        has_taken(state, 7 + number, config)
        state.excluded.append(f"worker{number}")
        state.optimizer_state["ahead"][:] = number
        state.history, state.best = [1.0, 2.0, 3.0 + number], state.parameters.copy()
        state.best.flat += number
        save_checkpoint(tmp_path / "checkpoint.npz", state, config)
    found: Counter[int] = Counter()
    for content in mutations((tmp_path / "checkpoint.npz").read_bytes(), dice):
        (tmp_path / "checkpoint.npz").write_bytes(content)
        state = load_checkpoint(tmp_path / "checkpoint.npz", config, 100)
        assert state is not None
        kept = states[state.step_index - 7]
        assert state.parameters.sha256 == kept.parameters.sha256
        assert (state.epoch, state.samples, state.excluded) == (3, kept.samples, kept.excluded)
        assert state.counts == kept.counts
        np.testing.assert_array_equal(state.optimizer_state["ahead"], kept.optimizer_state["ahead"])
        assert state.history == kept.history
        assert state.best is not None
        assert kept.best is not None
        assert state.best.sha256 == kept.best.sha256
        found[state.step_index - 7] += 1
    assert found[0] > COUNT / 2


@pytest.fixture
def of_60_epochs(tmp_path) -> Path:
    """A checkpoint after seven of 60 epochs and three steps."""
    state = TrainingState.initial(CONFIG)
    state.epoch = 7
    has_taken(state, 3, CONFIG)
    save_checkpoint(tmp_path / "checkpoint.npz", state, CONFIG)
    return tmp_path / "checkpoint.npz"


@pytest.mark.parametrize("epochs", [8, 60, 100])
def test_how_many_epochs_there_will_be_does_not_change_those_that_were(of_60_epochs, epochs):
    state = load_checkpoint(of_60_epochs, replace(CONFIG, epochs=epochs), 100)
    assert state is not None
    assert (state.epoch, state.step_index) == (7, 3)


@pytest.mark.parametrize("epochs", [5, 7])
def test_a_checkpoint_beyond_the_end_is_refused_and_left_alone(of_60_epochs, epochs):
    with pytest.raises(RunError, match=f"beyond the {epochs} epochs of config.json"):
        load_checkpoint(of_60_epochs, replace(CONFIG, epochs=epochs), 100, set_aside=True)
    assert of_60_epochs.exists()


def test_with_a_schedule_that_depends_on_the_end_it_belongs_to_that_number_of_epochs(tmp_path):
    falling, path = replace(CONFIG, schedule=CosineDecay()), tmp_path / "checkpoint.npz"
    save_checkpoint(path, TrainingState.initial(falling), falling)
    assert load_checkpoint(path, falling, 100) is not None
    with pytest.raises(RunError, match="was written under other settings"):
        load_checkpoint(path, replace(falling, epochs=61), 100)


@pytest.mark.parametrize(("history", "has_best"), [([1.0, 2.0], True), ([], True), ([1.0, 2.0, 3.0], False)])
def test_a_history_of_other_epochs_is_no_state(tmp_path, history, has_best):
    state = TrainingState.initial(CONFIG)
    state.epoch, state.history = 3, history
    state.best = state.parameters.copy() if has_best else None
    save_checkpoint(tmp_path / "checkpoint.npz", state, CONFIG)
    assert load_checkpoint(tmp_path / "checkpoint.npz", CONFIG, 100) is None


@pytest.mark.parametrize(
    "around", [{}, {"l2": 0.5, "clip_norm": 0.1, "max_norm": 2.0, "ema": 0.9}], ids=["alone", "all"]
)
@pytest.mark.parametrize("optimizer", TRIED, ids=str)
def test_whoever_goes_on_from_a_checkpoint_gets_the_same_bits(optimizer, around, tmp_path):
    config = replace(learning.EXACT, optimizer=optimizer, schedule=CosineDecay(), learning_rate=0.1, **around)
    source = learning.alone(config)
    whole, first = TrainingState.initial(config), TrainingState.initial(config)
    learning.learn(source, 8, config, whole)
    learning.learn(source, 5, config, first)
    save_checkpoint(tmp_path / "checkpoint.npz", first, config)
    resumed = load_checkpoint(tmp_path / "checkpoint.npz", config, 10)
    assert resumed is not None
    strategy = strategy_of(config, learning.SAMPLES)
    for index in range(5, 8):
        step = learning.step_of(index, config)
        resumed.apply(strategy, step, source.gradient(resumed.parameters, step))
    assert resumed.model.sha256 == whole.model.sha256
    assert resumed.optimizer_state.keys() == whole.optimizer_state.keys()
    for name, vector in whole.optimizer_state.items():
        assert resumed.optimizer_state[name].tobytes() == vector.tobytes(), name


@pytest.mark.parametrize(
    "change",
    [lambda s: s.pop("updates"), lambda s: s.update(other=s["updates"]), lambda s: s.update(updates=np.ones(2))],
)
def test_a_checkpoint_whose_optimizer_remembers_something_else_is_damaged(change, tmp_path, caplog):
    config = replace(CONFIG, ema=0.5)
    state = TrainingState.initial(config)
    change(state.optimizer_state)
    save_checkpoint(tmp_path / "checkpoint.npz", state, config)
    assert load_checkpoint(tmp_path / "checkpoint.npz", config, 100) is None
    assert "its optimizer remembers something else" in caplog.text


def test_a_velocity_of_before_becomes_what_is_kept_today(tmp_path):
    config = replace(CONFIG, strategy=LocalSGD(local_steps=2, outer_momentum=0.5))
    state = TrainingState.initial(config)
    state.optimizer_state["velocity"] = state.optimizer_state.pop("ahead") + 3
    save_checkpoint(tmp_path / "checkpoint.npz", state, config)
    found = load_checkpoint(tmp_path / "checkpoint.npz", config, 100)
    assert found is not None
    assert found.optimizer_state.keys() == {"ahead"}
    assert (found.optimizer_state["ahead"] == 1.5).all()


def change_progress(path: Path, change: dict) -> None:
    """Change what a checkpoint tells in words; its checksum is right."""
    with np.load(path) as found:
        arrays = dict(found)
    text = json.dumps({**json.loads(arrays["progress"].tobytes()), **change}).encode()
    digest = hashlib.sha256(text)
    for name in ("W_1", "b_1", "W_2", "b_2"):
        digest.update(arrays[name].tobytes())
    arrays |= {"progress": np.frombuffer(text, np.uint8), "sha256": np.frombuffer(digest.digest(), np.uint8)}
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    "change",
    [
        {"samples": 7},
        {"samples": 70.0},
        {"samples": -70},
        {"step_index": 8},
        {"step_index": "7"},
        {"step_index": True},
        {"epoch": 1e308},
        {"epoch": None},
        {"seconds": "long"},
        {"seconds": float("nan")},
        {"score": {"correct": 71, "cost": 0, "samples": 70}},
        {"score": {"correct": 1, "cost": 0.5, "samples": 70}},
        {"score": [1, 2, 3]},
        {"counts": {"requests": 7, "retried": 0, "workers": {}}},
        {"counts": 7},
        {"excluded": [7]},
        {"excluded": "liar"},
        {"history": ["high"]},
        {"history": 7},
        {"config": []},
        {"more": 1},
    ],
)
def test_wrong_types_ranges_and_sums_are_damage_though_the_checksum_is_right(tmp_path, change, caplog):
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, has_taken(TrainingState.initial(CONFIG), 7, CONFIG), CONFIG)
    change_progress(path, {})
    assert load_checkpoint(path, CONFIG, 100) is not None
    change_progress(path, change)
    assert load_checkpoint(path, CONFIG, 100) is None
    (record,) = caplog.records
    assert "is damaged" in record.getMessage()


def test_the_last_step_of_an_epoch_may_be_a_short_one(tmp_path):
    path = tmp_path / "checkpoint.npz"
    state = has_taken(TrainingState.initial(CONFIG), 7, CONFIG)
    state.samples = state.counts.of("worker@host:2").samples = 61
    save_checkpoint(path, state, CONFIG)
    assert load_checkpoint(path, CONFIG, 7) is not None
    assert load_checkpoint(path, CONFIG, 100) is None
