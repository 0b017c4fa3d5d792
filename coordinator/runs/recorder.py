"""Writes down what becomes of a run: its model, its epochs and its checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from coordinator.runs.checkpoint import CheckpointWriter
from coordinator.runs.going_back import GoingBack
from coordinator.runs.kept_epochs import KeptEpochs
from coordinator.runs.metrics_file import append_metrics, write_metrics
from coordinator.runs.model_file import save_model
from coordinator.runs.run import RunFolder
from shared.errors import UnwritableError
from shared.model import SavedModel
from shared.nn.parameters import Parameters
from shared.training.callbacks import Callback
from shared.training.choice import best_epoch
from shared.training.gradients import GradientSource, StepResult
from shared.training.liars import LiarsNamedError
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState


class Recorder(Callback):
    """Keeps a run's folder up to date.  Raises UnwritableError if it can't: a run without records is of no use."""

    def __init__(self, run: RunFolder, going_back: GoingBack | None = None) -> None:
        """going_back: to where, when an audit names a liar; None: there is no audit."""
        self._run, self._going_back = run, going_back
        self._kept = KeptEpochs(run.checkpoint)
        keep = {} if going_back is None else {"keep": self._kept.keep}
        self._checkpoints = CheckpointWriter(run.checkpoint, run.config, **keep)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all is on disk."""
        self._checkpoints.close()
        if self._run.is_finished:  # nobody is audited any more
            with self._writing(self._run.checkpoint):
                self._kept.forget(0)

    def on_begin(self, state: TrainingState) -> None:
        """Forget what was recorded after this state: it will come again, with the same figures and weights."""
        run = self._run
        for left in [*run.folder.glob(".*.npz.*"), *run.folder.glob(".metrics.jsonl.*")]:
            with self._writing(left):
                left.unlink()  # of a coordinator that was killed while it wrote
        with self._writing(run.checkpoint):
            self._kept.forget(state.epoch + 1)
        del run.metrics[state.epoch :]
        if run.metrics_file.exists():
            with self._writing(run.metrics_file):
                write_metrics(run.metrics_file, run.metrics)
        with self._writing(run.best_model):
            if state.best is None:
                run.best_model.unlink(missing_ok=True)
            else:
                self._save(run.best_model, state.best)

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        if self._checkpoints.due:
            self._checkpoints.take(state)

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        """Write in an order in which a checkpoint never knows of more than is there."""
        self._save(self._run.model, state.model)
        if state.best is not None and best_epoch(state.history) == metrics.epoch:
            self._save(self._run.best_model, state.best)
        if self._going_back is not None:
            self._going_back.compare(metrics)
        self._run.metrics.append(metrics)
        with self._writing(self._run.metrics_file):
            append_metrics(self._run.metrics_file, metrics)
        self._checkpoints.take(state)

    def go_back(self, named: LiarsNamedError, state: TrainingState) -> None:
        """Have the state become that from before liars took part, and nothing be left of what it was.

        named: the liars, by an audit.  Raises RunError if the run began with weights that are gone.
        """
        assert self._going_back is not None, "there is an audit"
        earlier = self._going_back.state_before(named, state)
        if earlier is state:
            self._checkpoints.take(state)
            return
        state.go_back(earlier)
        with self._writing(self._run.checkpoint):
            self._checkpoints.take_instead(state)  # before what was kept goes: until then it may be writing
            self._kept.forget(state.epoch + 1)
        self._save(self._run.model, state.model)

    def on_stop(self, state: TrainingState) -> None:
        """Save the model so far, and where to go on."""
        self._save(self._run.model, state.model)
        self._checkpoints.take(state)

    def _save(self, path: Path, parameters: Parameters) -> None:
        with self._writing(path):
            save_model(path, SavedModel.of(self._run.config, parameters, self._run.encoding))

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        """Raise UnwritableError if the disk is full, or whatever else goes wrong."""
        try:
            yield
        except OSError as error:
            then = f", then go on with: gradmq resume {self._run.folder}" if self._run.is_worth_keeping else ""
            message = f"{path} cannot be written: {error.strerror or error}; check disk and permissions{then}"
            raise UnwritableError(message, error) from None
