"""Writes down what happens in a run, and when: who joins and leaves, who computed what, what went wrong."""

import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from coordinator.runs.events import BEGINS, EPOCH, STOPS, TALLY, Event, samples_since
from shared.accounting import EpochCounts
from shared.logs import masked
from shared.training.callbacks import Callback
from shared.training.gradients import GradientSource, StepResult
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState

_EVERY = 1.0  # seconds between two tallies, at least
_SHARE = 100  # of the run's time at least, so that a long one has a few hundred
_MOST, _MOST_TALLIES = 2**20, 2**19  # bytes of the file, and up to where tallies are entered

log = logging.getLogger("coordinator")


class EventLog(Callback):
    """Adds to a run's events.  Of the coordinator's log it takes the records that name an `event`.

    It never ends a run: when the disk is full there are no more events.
    """

    optional = True

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """clock: returns seconds since 1970."""
        self._path, self._clock = path, clock
        self._file: TextIO | None = None
        self._size = 0
        self._handler = _Handler(self, threading.get_ident())
        self._others: logging.Handler | None = None  # who listened before we did, if we have changed the log's level
        self._level = logging.NOTSET  # as it was
        self._before: dict[str, int] = {}  # samples that workers had trained on in the epoch, at the latest tally
        self._has_begun = False
        self._began = clock()
        self._next = self._began + _EVERY

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("a")
            self._size = self._file.tell()
        except OSError as error:
            log.warning("%s cannot be written: %s; the run goes on without it", self._path, error.strerror)
        log.addHandler(self._handler)
        if not log.isEnabledFor(logging.INFO):
            self._listen_closely()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        log.removeHandler(self._handler)
        if self._others is not None:
            log.removeHandler(self._others)
            log.propagate = True
            log.setLevel(self._level)
        self._close()

    def _listen_closely(self) -> None:
        """Have the log tell us more than it tells others, as it is where nobody has asked for its lines."""
        self._level, self._others = log.level, _Others(log.getEffectiveLevel())
        log.addHandler(self._others)
        log.propagate = False
        log.setLevel(logging.INFO)

    def add(self, event: Event) -> None:
        """Write an event, if there is room."""
        if self._file is None:
            return
        line = json.dumps(event.to_json()) + "\n"
        if self._size + len(line) > (_MOST_TALLIES if event.kind == TALLY else _MOST):
            return
        self._size += len(line)
        try:
            self._file.write(line)
            self._file.flush()
        except OSError:
            self._close()

    def now(self) -> float:
        return self._clock()

    def on_begin(self, state: TrainingState) -> None:
        self._before, self._next = _samples(state.counts), self.now() + _EVERY
        if not self._has_begun:  # else the run goes back, which is an event of its own
            self.add(Event(self.now(), BEGINS, epoch=state.epoch, step=state.step_index))
        self._has_begun = True

    def after_step(self, state: TrainingState, result: StepResult, source: GradientSource) -> None:
        if self._clock() >= self._next:
            self._tally(TALLY, state.epoch, state.step_index, state.counts)
            self._before = _samples(state.counts)

    def after_epoch(self, state: TrainingState, metrics: EpochMetrics) -> None:
        self._tally(EPOCH, metrics.epoch, None, EpochCounts.from_json(metrics.ledger))
        self._before = {}

    def on_stop(self, state: TrainingState) -> None:
        self._tally(STOPS, state.epoch, state.step_index, state.counts)

    def _tally(self, kind: str, epoch: int, step: int | None, counts: EpochCounts) -> None:
        now = self.now()
        self._next = now + max(_EVERY, (now - self._began) / _SHARE)
        self.add(Event(now, kind, epoch=epoch, step=step, samples=samples_since(self._before, counts)))

    def _close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError):  # what it could not write is lost, and nothing else
                file.close()


class _Handler(logging.Handler):
    """Takes the log records that are events of this run: another one may be driven by another thread."""

    def __init__(self, events: EventLog, thread: int) -> None:
        super().__init__(logging.INFO)
        self._events, self._thread = events, thread

    def emit(self, record: logging.LogRecord) -> None:
        kind = getattr(record, "event", "")
        if not kind or record.thread != self._thread:
            return
        details = {name: getattr(record, name) for name in ("worker", "count", "seconds") if hasattr(record, name)}
        if hasattr(record, "back_to"):  # no finished epoch, as `epoch` is in the log's lines
            details["epoch"] = record.back_to
        self._events.add(Event(self._events.now(), kind, text=masked(record.getMessage()), **details))


class _Others(logging.Handler):
    """Passes on to the root's handlers what they would get without us."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.root.callHandlers(record)


def _samples(counts: EpochCounts) -> dict[str, int]:
    return {name: each.samples for name, each in counts.workers.items()}
