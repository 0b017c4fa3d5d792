"""What a run's folder tells of what is in it."""

from pathlib import Path

import pytest

from coordinator.runs import checkpoint as checkpoints
from coordinator.runs.checkpoint import save_checkpoint
from coordinator.runs.run import Run
from coordinator.training.state import TrainingState
from shared.data.dataset import Dataset
from shared.errors import RunError
from tests.support.learning import CONFIG, SAMPLES

DATA = Dataset(SAMPLES, SAMPLES, SAMPLES)


class CrashError(Exception):
    """Stands for the end of the process at this moment."""


@pytest.fixture
def run(tmp_path) -> Run:
    return Run.create(tmp_path / "runs", CONFIG, tmp_path, DATA)


def state_at(step_index: int) -> TrainingState:
    state = TrainingState.initial(CONFIG)
    state.step_index = step_index
    return state


def crash_between_the_renames(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the checkpoint before at step 3, and the one that was to follow not yet in its place."""
    save_checkpoint(run.checkpoint, state_at(3), run.config)
    replace = Path.replace

    def crashing(path: Path, target: Path) -> Path:
        if target == run.checkpoint:
            raise CrashError
        return replace(path, target)

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
