"""The coordinator's sign of life: it takes steps, or waits for workers or Redis with its eyes open."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from shared.training.callbacks import Callback
from shared.training.gradients import GradientSource, StepResult
from shared.training.state import TrainingState

_EVERY = 2.0  # seconds

log = logging.getLogger(__name__)


class Heartbeat(Callback):
    """Touches a file now and then, from the loop's own thread: when that hangs, the file grows old."""

    def __init__(self, file: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        """file: None if nobody asks for one.  clock: returns seconds."""
        self._file, self._clock = file, clock
        if file is not None:
            with suppress(OSError):
                file.unlink()  # it may be that of a process before, and tell nothing of this one
        self._next = clock()

    def on_begin(self, state: TrainingState) -> None:
        self.beat()

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        self.beat()

    def beat(self) -> None:
        """Touch the file if it is time to: whoever waits for long calls this meanwhile."""
        if self._file is None or self._clock() < self._next:
            return
        self._next = self._clock() + _EVERY
        try:
            self._file.touch()
        except OSError as error:  # a run is worth more than its health check
            log.warning("%s cannot be touched: %s; the run goes on without", self._file, error.strerror or error)
            self._file = None
