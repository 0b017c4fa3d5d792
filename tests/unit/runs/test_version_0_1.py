"""Runs that GradMQ 0.1 has left, stopped in their third epoch of four: tests/data/run-0.1 was written by it.

`sync` is synchronous SGD in float32 and was stopped after two steps of the epoch; `local` is local SGD with momentum in
float64 and was stopped after one.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from coordinator.runs.model_file import load_model
from coordinator.runs.run import RunFolder
from shared.accounting import EpochCounts
from shared.config import TrainConfig
from shared.data.dataset import load_dataset
from shared.nn.arithmetic import one_thread
from shared.strategies import LocalSGD, SyncSGD
from shared.training.in_process import InProcessGradients
from shared.training.loop import steps
from shared.training.state import TrainingState

RUNS = Path(__file__).parents[2] / "data" / "run-0.1"
DATA = RUNS / "data"
STRATEGIES = {"sync": SyncSGD(shards=2), "local": LocalSGD(local_steps=2, replicas=2, outer_momentum=0.5)}
STEPS = {"sync": 2, "local": 1}  # of the third epoch
PER_EPOCH = {"sync": 3, "local": 2}


@pytest.fixture(params=["sync", "local"])
def name(request) -> str:
    return request.param


@pytest.fixture
def run(name, tmp_path) -> RunFolder:
    shutil.copytree(RUNS / name, tmp_path / name)
    return RunFolder.open(name, tmp_path)


def recomputed(config: TrainConfig, epoch: int, index: int) -> TrainingState:
    """The state there, from the beginning."""
    data = load_dataset(DATA)
    training, state, source = data.training, TrainingState.initial(config), InProcessGradients(config, data)
    with one_thread():
        while state.epoch < epoch:
            for _ in steps(config, training, source, state):
                pass
            state.next_epoch()
        for _, _ in zip(range(index), steps(config, training, source, state), strict=False):
            pass
    return state


@pytest.fixture
def same_processor(name, run) -> None:
    """Bits are those of one type of processor."""
    if recomputed(run.config, 1, 0).parameters.sha256 != run.metrics[0].weights_sha256:
        pytest.skip("the runs were recorded on another type of processor")


def test_they_are_what_0_1_wrote(name):
    """So that nobody records them anew with today's words."""
    config = json.loads((RUNS / name / "config.json").read_text())
    assert {"eta", "shards", "local_steps"} <= config.keys()
    line = json.loads((RUNS / name / "metrics.jsonl").read_text().splitlines()[0])
    assert {"steps", "ledger"} <= line.keys()
    assert {"asked", "asked_again"} <= line["ledger"].keys()
    with np.load(RUNS / name / "checkpoint.npz") as arrays:
        assert {"batch", "account"} <= json.loads(arrays["progress"].tobytes()).keys()
    with np.load(RUNS / name / "model.npz") as arrays:
        assert "network" not in arrays.files


def test_their_configuration_is_read(name, run):
    assert run.config.strategy == STRATEGIES[name]
    assert (run.config.sizes, run.config.learning_rate, run.config.epochs) == ((4, 3, 2), 3.0, 4)
    assert run.config.dtype == {"sync": "float32", "local": "float64"}[name]


def test_their_metrics_are_read(name, run):
    assert run.damaged_line == 0
    assert [metrics.epoch for metrics in run.metrics] == [0, 1]
    assert {metrics.mini_batches for metrics in run.metrics} == {{"sync": 3, "local": 6}[name]}
    for counts in run.ledger:
        assert (counts.requests, counts.retried) == (PER_EPOCH[name], 0)
        counts.check(0, 30)


def test_a_ledger_with_retried_requests_is_read():
    worker = {"answered": 3, "duplicate": 1, "late": 0, "rejected": 0, "samples": 30}
    counts = EpochCounts.from_json({"asked": 3, "asked_again": 2, "workers": {"worker": worker}})
    assert (counts.requests, counts.retried) == (3, 2)
    assert counts.of("worker").duplicate == 1


def test_their_checkpoint_is_read(name, run):
    state = run.state(PER_EPOCH[name])
    assert (state.epoch, state.step_index) == (2, STEPS[name])
    assert (state.samples, state.counts.requests) == ({"sync": 20, "local": 20}[name], STEPS[name])
    assert state.score.total == (0, 0.0, 0)  # which was not kept
    expected = recomputed(run.config, 2, STEPS[name])
    np.testing.assert_allclose(state.parameters.flat, expected.parameters.flat, rtol=1e-4, atol=1e-6)
    assert state.optimizer_state.keys() == expected.optimizer_state.keys()


def test_the_velocity_in_their_checkpoint_becomes_what_is_kept_today(tmp_path):
    """0.1 kept the velocity itself, and in the direction of the weights, not in that of the gradient."""
    shutil.copytree(RUNS / "local", tmp_path / "local")
    run = RunFolder.open("local", tmp_path)
    ahead = run.state(2).optimizer_state["ahead"]
    expected = recomputed(run.config, 2, 1).optimizer_state["ahead"]
    assert np.abs(ahead).max() > 0.01
    np.testing.assert_allclose(ahead, expected, rtol=1e-9)
    with np.load(RUNS / "local" / "checkpoint.npz") as arrays:
        np.testing.assert_array_equal(ahead, -arrays["velocity"] * run.config.strategy.outer_momentum)


def test_their_model_is_read(name, run):
    model = load_model(RUNS / name / "model.npz")
    assert (model.activation, model.loss) == ("sigmoid", "quadratic")
    assert model.parameters.sha256 == run.state(PER_EPOCH[name]).parameters.sha256  # of the stop


@pytest.fixture
def gradmq(main_here, capsys) -> Callable[..., tuple[int, str]]:
    def call(*arguments: object) -> tuple[int, str]:
        code = main_here(*map(str, arguments))
        output = capsys.readouterr()
        return code, output.out + output.err

    return call


@pytest.mark.usefixtures("same_processor")
def test_they_are_verified(gradmq, run):
    code, text = gradmq("verify", run.folder, "--data", DATA)
    assert code == 0, text
    assert text.count("identical\n") == 3
    assert "checkpoint after step" in text
    assert "all 3 comparisons are identical, to the last bit" in text


def test_they_are_shown(gradmq, run):
    code, text = gradmq("show", run.folder)
    assert code == 0, text
    assert run.state(PER_EPOCH[run.id]).parameters.sha256 in text
    assert "retried" in text


def test_they_go_on_to_their_end_and_are_then_as_if_never_stopped(gradmq, name, run):
    code, text = gradmq("resume", run.folder, "--data", DATA, "--workers", 0)
    assert code == 0, text
    assert "going on at epoch 2" in text
    done = RunFolder.open(str(run.folder), Path())
    assert [metrics.epoch for metrics in done.metrics] == [0, 1, 2, 3]
    assert [metrics.weights_sha256 for metrics in done.metrics[:2]] == [each.weights_sha256 for each in run.metrics]
    expected = recomputed(run.config, 4, 0).parameters
    np.testing.assert_allclose(done.saved().parameters.flat, expected.flat, rtol=1e-4, atol=1e-6)
    lines = (run.folder / "metrics.jsonl").read_text()
    assert "asked" not in lines  # rewritten in today's words
    assert '"steps"' not in lines


@pytest.mark.usefixtures("same_processor")
def test_they_go_on_to_the_bits_of_a_run_that_was_never_stopped(gradmq, run):
    assert gradmq("resume", run.folder, "--data", DATA, "--workers", 0)[0] == 0
    assert load_model(run.model).parameters.sha256 == recomputed(run.config, 4, 0).parameters.sha256
    code, text = gradmq("verify", run.folder, "--data", DATA)
    assert code == 0, text
    assert "all 5 comparisons are identical" in text
