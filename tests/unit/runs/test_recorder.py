"""What is written down of a run, and what becomes of the run if that fails."""

from dataclasses import replace

import pytest

from coordinator.runs.checkpoint import kept_checkpoints, save_checkpoint
from coordinator.runs.model_file import load_model
from coordinator.runs.recorder import Recorder
from coordinator.runs.run import RunFolder
from shared.data.dataset import Dataset
from shared.errors import RunError
from shared.training.callbacks import Callback, Callbacks
from shared.training.choice import best_epoch
from shared.training.in_process import InProcessGradients
from shared.training.loop import train
from shared.training.state import TrainingState
from tests.support.learning import CONFIG, SAMPLES
from tests.support.mutate import is_one_line

DATA = Dataset(SAMPLES, SAMPLES, SAMPLES)
TWO_EPOCHS = replace(CONFIG, epochs=2)


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", TWO_EPOCHS, tmp_path, DATA)


def train_and_record(run: RunFolder, *others: Callback) -> None:
    state = run.state(10)
    with Recorder(run) as recorder:
        train(run.config, DATA, InProcessGradients(run.config, DATA), state, Callbacks([recorder, *others]))


def test_a_recorder_is_not_optional():
    assert not Recorder.optional


def test_what_a_killed_coordinator_left_half_written_is_removed(run):
    for name in (".model.npz.77", ".best.npz.77", ".checkpoint.new.npz.77", ".metrics.jsonl.77"):
        (run.folder / name).write_bytes(b"half")
    train_and_record(run)
    names = sorted(path.name for path in run.folder.iterdir())
    checkpoints = ["checkpoint.before.npz", "checkpoint.npz"]
    assert names == ["best.npz", *checkpoints, "config.json", "metrics.jsonl", "model.npz"]


@pytest.mark.parametrize("name", [".model.npz.77", ".metrics.jsonl.77"])
def test_what_cannot_be_removed_ends_the_run_before_its_first_step(run, name):
    (run.folder / name).mkdir()
    heard: list[str] = []

    class Listener(Callback):
        def on_begin(self, state):
            heard.append("begin")

    with pytest.raises(RunError, match=r"cannot be written: .*; check disk and permissions") as error:
        train_and_record(run, Listener())
    assert str(error.value).startswith(f"{run.folder / name} ")
    assert is_one_line(error.value)
    assert heard == []
    assert not run.is_worth_keeping


@pytest.mark.parametrize("name", ["model.npz", "best.npz", "metrics.jsonl"])
def test_an_epoch_that_cannot_be_written_ends_the_run(run, name):
    class InTheWay(Callback):
        def on_begin(self, state):
            (run.folder / name).mkdir()

    with pytest.raises(RunError, match=f"{name} cannot be written"):
        train_and_record(run, InTheWay())
    assert run.metrics_file.is_dir() or not run.metrics_file.exists()


def test_epochs_after_the_state_are_forgotten(run):
    train_and_record(run)
    assert [metrics.epoch for metrics in run.metrics] == [0, 1]
    with Recorder(run) as recorder:
        state = TrainingState.initial(run.config)
        state.epoch = 1
        recorder.on_begin(state)
    assert [metrics.epoch for metrics in run.metrics] == [0]
    assert run.metrics_file.read_text().count("\n") == 1


def best_of(run: RunFolder) -> str:
    return load_model(run.best_model).parameters.sha256


def test_a_run_that_goes_back_before_its_best_epoch_comes_out_with_the_same(tmp_path):
    """With a learning rate of almost nothing the cost falls at each epoch, so the last is the best."""
    config = replace(CONFIG, epochs=5, learning_rate=0.01, monitor="validation-cost")
    run = RunFolder.create(tmp_path / "runs", config, tmp_path, DATA)
    early = tmp_path / "early.npz"

    class Keeping(Callback):
        def after_epoch(self, state, metrics):
            assert best_of(run) == metrics.weights_sha256
            if metrics.epoch == 1:
                save_checkpoint(early, state, config)

    train_and_record(run, Keeping())
    assert best_epoch(run.history) == 4
    expected = best_of(run)

    for path in kept_checkpoints(run.checkpoint):
        path.unlink()
    early.rename(run.checkpoint)
    seen: list[str] = []

    class Looking(Callback):
        def on_begin(self, state):
            seen.append(best_of(run))

    train_and_record(run, Looking())
    assert seen == [run.metrics[1].weights_sha256]  # not that of an epoch which is still to come
    assert best_of(run) == expected == run.metrics[4].weights_sha256


def test_an_epoch_that_is_not_better_leaves_the_best(tmp_path):
    run = RunFolder.create(tmp_path / "runs", replace(CONFIG, epochs=12), tmp_path, DATA)
    written: list[tuple[int, int]] = []

    class Listener(Callback):
        def after_epoch(self, state, metrics):
            written.append((metrics.epoch, run.best_model.stat().st_mtime_ns))

    train_and_record(run, Listener())
    best = best_epoch(run.history)
    assert best_of(run) == run.metrics[best].weights_sha256
    assert len({time for epoch, time in written if epoch >= best}) == 1


def test_where_nothing_is_monitored_no_best_model_is_left(tmp_path):
    run = RunFolder.create(tmp_path / "runs", replace(TWO_EPOCHS, monitor="none"), tmp_path, DATA)
    run.best_model.write_bytes(b"of another day")
    train_and_record(run)
    assert not run.best_model.exists()
    assert run.saved_best() is None
