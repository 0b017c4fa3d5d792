"""Who gets no work: a worker that cannot be trusted, for good, and one that holds up the others, for a while."""

import logging
import statistics
import time
from collections import deque
from collections.abc import Iterable

_TOO_SLOW = 3.0  # times the others' time; without the slower of two workers, the other takes twice as long
_NOTICEABLE = 0.001  # seconds more than the others at least: waking up may take most of one
# A worker is judged by the median of so many replies, so long apart: a busy machine may hold up a good one for a while.
_ENOUGH, _APART = 15, 1 / 15  # and seconds
_PAUSE = 10.0  # seconds of the first pause; each further one of the same worker is twice as long
_LONGEST_PAUSE = 600.0
_BAD_REPLIES = 3  # in a row that could not be right

log = logging.getLogger(__name__)


class Bench:
    """The workers that sit out."""

    def __init__(self, excluded: list[str]) -> None:
        """excluded: who gets no more work in this run; it is kept up to date."""
        self.excluded = excluded
        self.changed = False  # since `take_names`
        self._until: dict[str, float] = {}  # when a pause ends, by the monotonic clock
        self._pauses: dict[str, float] = {}  # how long a worker's last one was
        self._times: dict[str, deque[float]] = {}  # seconds for a part in some of a worker's latest replies
        self._noted: dict[str, float] = {}  # when the newest of them came, by the monotonic clock
        self._bad: dict[str, int] = {}  # a worker's wrong replies in a row

    def __contains__(self, worker: str) -> bool:
        return worker in self.excluded or worker in self._until

    def is_excluded(self, worker: str) -> bool:
        return worker in self.excluded

    def take_names(self) -> list[str]:
        """Return who sits out from now on."""
        self.changed = False
        return sorted({*self.excluded, *self._until})

    def exclude(self, worker: str, why: str) -> None:
        """Give a worker no more work in this run."""
        if worker not in self.excluded:
            self.excluded.append(worker)
            self.changed = True
            log.error("%s; it gets no more work in this run", why, extra={"worker": worker})

    def good(self, worker: str, seconds: float | None, now: float) -> None:
        """Note a right reply that came just now, and how long a part of it took, if that can be told."""
        if seconds is not None and now - self._noted.get(worker, 0.0) >= _APART:
            self._noted[worker] = now
            self._times.setdefault(worker, deque(maxlen=_ENOUGH)).append(seconds)
        if self._bad:
            self._bad.pop(worker, None)

    def bad(self, worker: str, why: str) -> None:
        """Note a reply that could not be right."""
        self._bad[worker] = self._bad.get(worker, 0) + 1
        if self._bad[worker] == 1:
            log.warning("a reply was rejected: %s", why, extra={"worker": worker})
        if self._bad[worker] >= _BAD_REPLIES:
            self.exclude(worker, f"{_BAD_REPLIES} rejected replies in a row")

    def call_all(self) -> None:
        """End all pauses: nobody else is there."""
        if self._until:
            self._until.clear()
            self.changed = True

    def look(self, working: Iterable[str]) -> None:
        """Have the worker pause that holds up the others most, if one does, and end the pauses that are over."""
        now = time.monotonic()
        for worker in [worker for worker, until in self._until.items() if until < now]:
            del self._until[worker]
            self.changed = True
        times = {
            name: statistics.median(self._times[name]) for name in working if len(self._times.get(name, ())) == _ENOUGH
        }
        if len(times) < 2:
            return
        slowest = max(times, key=lambda name: times[name])
        others = statistics.median(seconds for name, seconds in times.items() if name != slowest)
        if times[slowest] < max(_TOO_SLOW * others, others + _NOTICEABLE):
            return
        pause = min(2 * self._pauses.get(slowest, _PAUSE / 2), _LONGEST_PAUSE)
        self._until[slowest], self._pauses[slowest] = now + pause, pause
        del self._times[slowest]
        what = "takes %.1f times as long as the others; it pauses for %g s"
        log.warning(what, times[slowest] / others, pause, extra={"worker": slowest})
        self.changed = True
