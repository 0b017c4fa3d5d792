"""Who gets no work for a while, where steps are measured to be shorter for it.

A pause begins as a trial: steps without the worker are compared with those before. If they are not shorter it gets
work again, and its next trial has to wait, each time twice as long. If they are it pauses, each time twice as long.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Set
from typing import NamedTuple

_FIRST, _LONGEST = 10.0, 600.0  # seconds of a pause, and of the wait after a trial that was of no use
_FORGIVEN = 10  # times as long as its last pause a worker must have worked since for the next to be a first one again
# Steps are compared by their means, because what a worker holds up only now and then counts too. A trial's first
# moments do not count: others have to get its work.
_SETTLING, _LOOK, _ENOUGH = 0.5, 2.0, 5  # seconds, seconds, and steps at least
_MOST = 1000  # workers that are remembered; who can take leases can invent others
_SHORTER = 0.1  # part by which steps must be shorter without a worker: on a busy machine they are never the same

_NOT_KNOWN = float("inf")  # until when a worker gets no work that is being tried

log = logging.getLogger(__name__)


class _Trial(NamedTuple):
    """A worker that gets no work, to see what steps take without it."""

    worker: str
    why: str  # for people
    level: int  # of the log line, if it pauses then
    step: float  # mean seconds with the worker
    counts_from: float  # when the first step begins that counts, by the clock


class Pauses:
    """The workers that pause."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: returns seconds."""
        self._clock = clock
        self._until: dict[str, float] = {}  # when a worker gets work again, by the clock
        self._trial: _Trial | None = None
        self._steps: deque[tuple[float, float]] = deque()  # the latest, cut as now: when done, seconds
        self._last: dict[str, tuple[float, float]] = {}  # seconds of a worker's last pause, when it ended
        self._waits: dict[str, tuple[float, float]] = {}  # seconds until a worker's next trial, when that may begin

    @property
    def workers(self) -> Set[str]:
        """Who gets no work now."""
        return self._until.keys()

    def stepped(self, seconds: float) -> None:
        """Note a whole step that is done now, and took so long."""
        now = self._clock()
        if self._trial is None or now - seconds >= self._trial.counts_from:
            self._steps.append((now, seconds))
            while len(self._steps) > _ENOUGH and now - self._steps[0][0] > _LOOK:
                self._steps.popleft()

    def measure_anew(self) -> None:
        """Forget what steps took: from now on they are cut in another way."""
        self._steps.clear()

    def begin(self, worker: str, why: str, level: int = logging.WARNING) -> bool:
        """Try what steps take without a worker; tell whether that is begun.

        It is not while another is tried, soon after it was of no use, and before steps were measured.  why, level: what
        is to be said, and how loudly, if it pauses then.
        """
        now = self._clock()
        _, not_before = self._waits.get(worker, (0.0, now))
        if self._trial is not None or now < not_before or len(self._steps) < _ENOUGH:
            return False
        seconds, ended = self._last.get(worker, (0.0, now))
        if now - ended > _FORGIVEN * seconds:
            self._last.pop(worker, None)
        self._trial = _Trial(worker, why, level, self._mean(), now + _SETTLING)
        self._until[worker] = _NOT_KNOWN
        self._steps.clear()
        return True

    def review(self) -> list[str]:
        """Judge the trial if it can be judged, and end the pauses that are over; return who gets work again."""
        now = self._clock()
        if self._trial is not None:  # while it lasts nobody else comes, or steps would tell of both
            if now - self._trial.counts_from < _LOOK or len(self._steps) < _ENOUGH:
                return []
            self._judge(self._trial, self._mean())
        back = [worker for worker, until in self._until.items() if until < now]
        for worker in back:
            self._end(worker)
        return back

    def end_all(self) -> list[str]:
        """End all pauses, because nobody else is there; return whose."""
        back = [*self._until]
        self._trial = None
        for worker in back:
            if self._until[worker] != _NOT_KNOWN:
                about = {"worker": worker, "event": "returns"}
                log.info("gets work again before its pause is over: nobody else is there", extra=about)
                seconds, ends = self._last[worker]
                self._last[worker] = seconds / 2, ends  # so the next is no longer than this one was to be
            self._end(worker)
        return back

    def _judge(self, trial: _Trial, step: float) -> None:
        """End the trial, and have its worker pause or be back.  step: mean seconds without it."""
        self._trial, worker, now = None, trial.worker, self._clock()
        for known in (self._last, self._waits):
            if len(known) > _MOST:
                del known[next(iter(known))]
        if step > trial.step * (1 - _SHORTER):
            wait, _ = self._waits.get(worker, (_FIRST / 2, now))
            wait = min(2 * wait, _LONGEST)
            self._waits[worker], self._until[worker] = (wait, now + wait), float("-inf")
            log.debug("steps are no shorter without it", extra={"worker": worker})
            return
        self._waits.pop(worker, None)
        last, _ = self._last.get(worker, (_FIRST / 2, now))
        seconds = min(2 * last, _LONGEST)
        self._until[worker], self._last[worker] = now + seconds, (seconds, now + seconds)
        log.log(
            trial.level,
            "%s; a step takes %.3g ms without it, %.3g with it; it pauses for %g s",
            *(trial.why, 1000 * step, 1000 * trial.step, seconds),
            extra={"worker": worker, "event": "pauses", "seconds": seconds},
        )

    def _end(self, worker: str) -> None:
        """Have a worker get work again."""
        del self._until[worker]
        self._steps.clear()

    def _mean(self) -> float:
        """Return the mean seconds of the latest steps."""
        return sum(seconds for _, seconds in self._steps) / len(self._steps)
