"""Who gets no work for a while, and for how long: each pause of a worker is twice as long as its last one."""

import logging
import time
from collections.abc import Callable, Set

_FIRST, _LONGEST = 10.0, 600.0  # seconds

log = logging.getLogger(__name__)


class Pauses:
    """The workers that pause."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: returns seconds."""
        self._clock = clock
        self._until: dict[str, float] = {}  # when a pause ends, by the clock
        self._seconds: dict[str, float] = {}  # how long a worker's last one was

    @property
    def workers(self) -> Set[str]:
        """Who pauses."""
        return self._until.keys()

    def begin(self, worker: str, why: str, level: int = logging.WARNING) -> None:
        """Have a worker pause, and say why."""
        seconds = min(2 * self._seconds.get(worker, _FIRST / 2), _LONGEST)
        self._until[worker], self._seconds[worker] = self._clock() + seconds, seconds
        about = {"worker": worker, "event": "pauses", "seconds": seconds}
        log.log(level, "%s; it pauses for %g s", why, seconds, extra=about)

    def end_due(self) -> list[str]:
        """End the pauses that are over; return whose."""
        now = self._clock()
        over = [worker for worker, until in self._until.items() if until < now]
        for worker in over:
            del self._until[worker]
        return over

    def end_all(self) -> list[str]:
        """End all pauses, for nobody else is there; return whose."""
        over = [*self._until]
        self._until.clear()
        return over
