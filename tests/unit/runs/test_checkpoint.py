"""A checkpoint keeps all, or the one before is used."""

import os
from collections import Counter
from dataclasses import replace

import numpy as np

from coordinator.accounting import WorkerCounts
from coordinator.runs.checkpoint import load_checkpoint, save_checkpoint
from coordinator.training.state import TrainingState
from shared.config import TrainConfig
from shared.nn.evaluation import Score
from shared.strategies import LocalSGD, SyncSGD
from tests.support.mutate import COUNT, mutations

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
    state.epoch, state.step_index, state.samples, state.seconds = 3, 7, 70, 1.5
    state.score.add(Score(61, 2.0**70 + 0.375, 70))
    state.excluded.append("worker@host:1")
    state.counts.of("worker@host:2").add(WorkerCounts(answered=14, late=2, samples=70))
    for _ in range(3):  # so that there is one before
        save_checkpoint(tmp_path / "checkpoint.npz", state, CONFIG)
    found = load_checkpoint(tmp_path / "checkpoint.npz", CONFIG, 100)
    assert found is not None
    np.testing.assert_array_equal(found.parameters.flat, state.parameters.flat)
    assert (found.epoch, found.step_index, found.samples, found.seconds) == (3, 7, 70, 1.5)
    assert found.score == state.score
    assert found.excluded == ["worker@host:1"]
    assert found.counts == state.counts
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.before.npz", "checkpoint.npz"]


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, dice):
    config = replace(CONFIG, sizes=(6, 5, 3), epochs=9, strategy=LocalSGD(local_steps=2, outer_momentum=0.5))
    states = [TrainingState.initial(config), TrainingState.initial(config)]
    for number, state in enumerate(states):
        state.epoch, state.step_index, state.samples = 3, 7 + number, 70
        state.excluded.append(f"worker{number}")
        state.optimizer_state["velocity"][:] = number
        state.counts.of("worker").add(WorkerCounts(answered=number, samples=70))
        save_checkpoint(tmp_path / "checkpoint.npz", state, config)
    found: Counter[int] = Counter()
    for content in mutations((tmp_path / "checkpoint.npz").read_bytes(), dice):
        (tmp_path / "checkpoint.npz").write_bytes(content)
        state = load_checkpoint(tmp_path / "checkpoint.npz", config, 100)
        assert state is not None
        kept = states[state.step_index - 7]
        assert state.parameters.sha256 == kept.parameters.sha256
        assert (state.epoch, state.samples, state.excluded) == (3, 70, kept.excluded)
        assert state.counts == kept.counts
        np.testing.assert_array_equal(state.optimizer_state["velocity"], kept.optimizer_state["velocity"])
        found[state.step_index - 7] += 1
    assert found[0] > COUNT / 2
