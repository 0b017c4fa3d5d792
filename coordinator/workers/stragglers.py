"""Who gets no work for a while, because it holds up the others."""

import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Set

from coordinator.workers.pauses import Pauses

_TOO_SLOW = 3.0  # times the others' time; without the slower of two workers, the other takes twice as long
_NOTICEABLE = 0.001  # seconds more than the others at least: waking up may take most of one
# A worker is judged by the median of so many replies, so long apart: a busy machine may hold up a good one for a while.
_ENOUGH, _APART = 15, 1 / 15  # and seconds
_MOST = 1000  # workers that are measured; who can take leases can invent others


class Stragglers:
    """How fast the workers are, and which of them pause."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: returns seconds."""
        self._clock = clock
        self._pauses = Pauses(clock)
        self._times: dict[str, deque[float]] = {}  # seconds for a shard in some of a worker's latest replies
        self._noted: dict[str, float] = {}  # when the newest of them came, by the clock

    @property
    def pausing(self) -> Set[str]:
        """The workers that pause."""
        return self._pauses.workers

    def replied(self, worker: str, seconds: float) -> None:
        """Note a reply that came just now, and how long a shard of it took."""
        now = self._clock()
        noted = self._noted.get(worker)
        if noted is None or now - noted >= _APART:
            self._noted[worker] = now
            self._times.setdefault(worker, deque(maxlen=_ENOUGH)).append(seconds)
            if len(self._noted) > _MOST:
                oldest = next(iter(self._noted))
                del self._noted[oldest]
                self._times.pop(oldest, None)

    def end_pauses(self) -> None:
        """Have nobody pause: nobody else is there."""
        self._pauses.end_all()

    def review(self, working: Iterable[str]) -> None:
        """Have the worker pause that holds up the others most, if one does, and end the pauses that are over."""
        self._pauses.end_due()
        times = {
            name: statistics.median(self._times[name]) for name in working if len(self._times.get(name, ())) == _ENOUGH
        }
        if len(times) < 2:
            return
        slowest = max(times, key=lambda name: times[name])
        others = statistics.median(seconds for name, seconds in times.items() if name != slowest)
        if times[slowest] < max(_TOO_SLOW * others, others + _NOTICEABLE):
            return
        del self._times[slowest]
        self._pauses.begin(slowest, f"takes {times[slowest] / others:.1f} times as long as the others")
