"""Writing checkpoints in the background, now and then."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from coordinator.runs.checkpoint import kept_checkpoints, save_checkpoint
from shared.config import TrainConfig
from shared.nn.evaluation import is_finite
from shared.training.state import TrainingState

_EVERY = 2.0  # seconds of work between two checkpoints
_SHARE = 50  # times a checkpoint's own time that must pass before the next, so that it costs 2 % at most

log = logging.getLogger(__name__)


class CheckpointWriter:
    """Keeps a run's checkpoint up to date from a thread of its own."""

    def __init__(self, path: Path, config: TrainConfig, keep: Callable[[int], None] = lambda epoch: None) -> None:
        """keep: is told of which epoch's beginning a checkpoint is that was just written; may raise OSError."""
        self._path, self._config, self._keep = path, config, keep
        self._wake = threading.Condition()
        self._next: TrainingState | None = None  # to be written
        self._writing = False
        self._closed = False
        self._last, self._pause = time.monotonic(), _EVERY
        self._failed = ""  # why the last one could not be written
        self._thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)
        self._thread.start()

    @property
    def due(self) -> bool:
        """Whether it is time for the next."""
        return time.monotonic() - self._last > self._pause

    def take(self, state: TrainingState) -> None:
        """Have the state as it is now written soon; never one whose weights are not finite."""
        self._last = time.monotonic()
        if not is_finite(state.parameters.flat):
            return
        snapshot = state.copy()
        with self._wake:
            self._next = snapshot
            self._wake.notify_all()

    def take_instead(self, state: TrainingState) -> None:
        """Write the state now, in the place of all that were taken: none of them is there any more.

        Raises OSError if they cannot be removed.
        """
        with self._wake:
            self._next = None
            while self._writing:
                self._wake.wait()
            if not self._save(state):
                self._path.unlink(missing_ok=True)  # without one a run begins again
            kept_checkpoints(self._path)[1].unlink(missing_ok=True)

    def close(self) -> None:
        """Wait until everything is written."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._wake:
                while self._next is None and not self._closed:
                    self._wake.wait()
                snapshot, self._next = self._next, None
                self._writing = snapshot is not None
            if snapshot is None:
                return
            began = time.monotonic()
            self._save(snapshot)
            self._pause = max(_EVERY, _SHARE * (time.monotonic() - began))
            with self._wake:
                self._writing = False
                self._wake.notify_all()

    def _save(self, state: TrainingState) -> bool:
        """Write a state; tell whether it is there."""
        try:
            save_checkpoint(self._path, state, self._config)
            if state.epoch and not state.step_index:
                self._keep(state.epoch)
        except Exception as error:  # also of memory: whatever it is, training goes on
            if str(error) != self._failed:
                log.warning("no checkpoint can be written: %s; the run goes on without", error)
            self._failed = str(error)
            return False
        self._failed = ""
        return True
