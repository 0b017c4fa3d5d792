"""Who drives a run: one coordinator at a time, which alone writes into its folder."""

import shutil
from dataclasses import replace
from typing import BinaryIO

from coordinator.runs.locking import locked
from coordinator.runs.places import Place
from coordinator.runs.run import RunFolder
from shared.errors import ConfigError, InUseError, UnwritableError
from shared.training.state import TrainingState


class ReadOnlyError(UnwritableError):
    """A run's folder cannot be written to."""


class DrivenRun:
    """A run of which this process is the one coordinator, from `lock` to `unlock`."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._lock: BinaryIO | None = None
        self._prolonged = False

    @property
    def has_lock(self) -> bool:
        return self._lock is not None

    def lock(self) -> None:
        """Be the one coordinator of the run until `unlock`, or this process ends.

        Raises InUseError if there is another, ReadOnlyError if none can be.
        """
        run = self._run
        try:
            self._lock = locked(run.config_file)
        except BlockingIOError:
            message = f"run {run.id} is driven by another coordinator; wait for its end, or stop it"
            raise InUseError(message) from None
        except OSError as error:
            message = f"{run.config_file} cannot be written: {error.strerror}; who resumes must own it"
            raise ReadOnlyError(message, error) from None
        run.read_metrics()  # now that nobody else writes them

    def unlock(self) -> None:
        """Let others drive the run."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def ask_for_epochs(self, epochs: int, state: TrainingState) -> None:
        """Have the run end after another number of epochs than it was to; `goes_on_here` writes that down.

        state: how far it is.  Raises ConfigError if it would not be what it had been with so many from the beginning.
        """
        run = self._run
        if epochs == run.config.epochs:
            return
        if epochs <= state.epoch:
            done = f"{state.epoch} that are done" + (" and the one that has begun" if state.step_index else "")
            raise ConfigError("epochs", epochs, f"must be more than the {done}")
        if run.config.depends_on_end:
            rule = f"must stay {run.config.epochs}, since the run's learning rates depend on when it ends"
            raise ConfigError("epochs", epochs, rule, f"to train its model further: gradmq train --from {run.folder}")
        run.config, self._prolonged = replace(run.config, epochs=epochs), True

    def goes_on_here(self) -> None:
        """Add this machine to those that the run was computed on.  Raises UnwritableError if that can't be."""
        run = self._run
        here = Place.here(run.config)
        if here in run.places and not self._prolonged:
            return
        if here not in run.places:
            run.places.append(here)
        try:
            run.write_config()
        except OSError as error:
            message = f"{run.config_file} cannot be written: {error.strerror}; check the disk"
            raise UnwritableError(message, error) from None

    def discard(self, keep_logs: bool) -> None:
        """Remove the folder of a run that learned nothing, unless it has logs to keep, or is not locked by us."""
        if self.has_lock and not (keep_logs and (self._run.folder / "logs").exists()):
            shutil.rmtree(self._run.folder, ignore_errors=True)
