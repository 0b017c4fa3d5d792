"""What a run's folder tells of what is in it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from coordinator.runs import checkpoint as checkpoints
from coordinator.runs.checkpoint import save_checkpoint
from coordinator.runs.model_file import save_model
from coordinator.runs.run import RunFolder
from shared.data.dataset import Dataset
from shared.errors import ConfigError, RunError
from shared.model import SavedModel
from shared.optim.schedules import CosineDecay
from shared.strategies import SyncSGD
from shared.training.state import TrainingState
from tests.support.learning import CONFIG, SAMPLES, drawn
from tests.support.states import has_taken

DATA = Dataset(SAMPLES, SAMPLES, SAMPLES)


class CrashError(Exception):
    """Stands for the end of the process at this moment."""


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", CONFIG, tmp_path, DATA)


def state_at(step_index: int) -> TrainingState:
    return has_taken(TrainingState.initial(CONFIG), step_index, CONFIG)


def crash_between_the_renames(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the checkpoint before at step 3, and the one that was to follow not yet in its place."""
    save_checkpoint(run.checkpoint, state_at(3), run.config)
    rename = Path.replace

    def crashing(path: Path, target: Path) -> Path:
        if target == run.checkpoint:
            raise CrashError
        return rename(path, target)

    with monkeypatch.context() as crash:
        crash.setattr(checkpoints.Path, "replace", crashing)
        with pytest.raises(CrashError):
            save_checkpoint(run.checkpoint, state_at(4), run.config)


def test_a_new_run_has_no_checkpoint(run):
    assert not run.has_checkpoint
    assert not run.is_worth_keeping


def test_a_run_that_was_saved_has_one(run):
    save_checkpoint(run.checkpoint, state_at(3), run.config)
    assert run.has_checkpoint
    assert run.is_worth_keeping


def test_the_checkpoint_before_is_one_where_a_crash_left_it_alone(run, monkeypatch):
    crash_between_the_renames(run, monkeypatch)
    names = {path.name for path in run.folder.iterdir()}
    assert "checkpoint.before.npz" in names
    assert "checkpoint.npz" not in names
    assert run.has_checkpoint
    assert run.is_worth_keeping
    assert run.state(10).step_index == 3


def test_without_a_model_it_says_where_to_go_on_from_the_checkpoint_before(run, monkeypatch):
    crash_between_the_renames(run, monkeypatch)
    with pytest.raises(RunError, match="there is a checkpoint; go on with: gradmq resume"):
        run.saved()


def test_more_epochs_can_be_asked_for_and_are_written_down_when_the_run_goes_on(run):
    run.ask_for_epochs(60, state_at(3))
    assert run.config.epochs == 60
    assert RunFolder.open(str(run.folder), Path()).config.epochs == 1
    run.goes_on_here()
    again = RunFolder.open(str(run.folder), Path())
    assert (again.config, again.data, again.places) == (replace(CONFIG, epochs=60), run.data, run.places)


def test_as_many_epochs_as_it_was_to_have_anyway_change_nothing(run):
    state = state_at(0)
    state.epoch = 1
    run.ask_for_epochs(1, state)
    assert run.config is CONFIG


@pytest.mark.parametrize(
    ("epoch", "step_index", "done"),
    [(5, 0, "5 that are done"), (4, 1, None), (5, 1, "5 that are done and the one that")],
)
def test_no_fewer_epochs_than_are_done_can_be_asked_for(run, epoch, step_index, done):
    state = state_at(step_index)
    state.epoch = epoch
    if done is None:
        run.ask_for_epochs(5, state)
        return
    with pytest.raises(ConfigError, match=f"epochs must be more than the {done}"):
        run.ask_for_epochs(5, state)
    assert run.config is CONFIG


def test_a_run_whose_schedule_depends_on_its_end_keeps_it(run):
    run.config = replace(CONFIG, schedule=CosineDecay())
    with pytest.raises(
        ConfigError, match=r"must stay 1, since .* got 60; to train its model further: gradmq train --from"
    ):
        run.ask_for_epochs(60, state_at(3))


@pytest.fixture
def begun(tmp_path) -> RunFolder:
    """A run that begins with the weights of another."""
    model = SavedModel(drawn(CONFIG.sizes, seed=9))
    config = replace(CONFIG, start=model.parameters.sha256)
    return RunFolder.create(tmp_path / "runs", config, tmp_path, DATA, model)


def test_a_run_that_begins_with_weights_keeps_them(begun):
    again = RunFolder.open(str(begun.folder), Path())
    for state in (begun.initial_state(), again.initial_state(), again.state(10)):
        assert state.parameters.sha256 == begun.config.start == drawn(CONFIG.sizes, seed=9).sha256
    assert not begun.is_worth_keeping


def test_they_are_converted_to_the_runs_own_dtype(begun):
    begun.config = replace(begun.config, arithmetic="exact", dtype="", strategy=SyncSGD())
    found = begun.initial_state().parameters
    assert found.dtype == "float64"
    assert found.flat.tolist() == drawn(CONFIG.sizes, seed=9).flat.tolist()


def test_without_them_it_cannot_begin(begun):
    begun.initial.unlink()
    with pytest.raises(RunError, match=r"has lost the weights that it began with: .*initial.npz cannot be read"):
        begun.initial_state()


def test_with_others_it_does_not_begin(begun):
    save_model(begun.initial, SavedModel(drawn(CONFIG.sizes, seed=8)))
    with pytest.raises(RunError, match="has other weights than those that the run began with"):
        begun.state(10)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 3.0},
        {"epochs": "3"},
        {"epochs": True},
        {"epochs": 10**400},
        {"mini_batch_size": 6.5},
        {"sizes": [12, 5.0, 3]},
        {"sizes": 7},
        {"sizes": "12,5,3"},
        {"learning_rate": "fast"},
        {"learning_rate": float("inf")},
        {"l2": None},
        {"seed": 0.5},
        {"class_weights": [1, "a", 1]},
        {"standardize": [0.1]},
        {"loss": 7},
        {"optimizer": {"kind": "nesterov", "momentum": float("nan")}},
        {"start": []},
        {"more": 1},
        {"computed_on": [7]},
        {"data": []},
    ],
)
def test_a_configuration_of_wrong_types_is_damaged_and_said_to_be_in_a_line(run, change):
    file = run.folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(RunError, match=r"config\.json is damaged \(.*\); a run cannot go on without it") as error:
        RunFolder.open(str(run.folder), Path())
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def test_whole_numbers_stand_for_others_as_they_always_did(run):
    file = run.folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "learning_rate": 3}))
    assert RunFolder.open(str(run.folder), Path()).config == CONFIG
