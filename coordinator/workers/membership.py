"""Who takes part in a run."""

import logging
import time
from collections.abc import Callable

_GONE = 10.0  # seconds without a word after which a worker no longer takes part; leases go round among them

log = logging.getLogger(__name__)


def n_workers(count: int) -> str:
    """Return the number with its noun."""
    return f"{count} worker" if count == 1 else f"{count} workers"


class Membership:
    """The workers heard of lately."""

    def __init__(self, most: int, hint: str, clock: Callable[[], float] = time.monotonic) -> None:
        """most: how many can be busy at a time.  hint: what to say when there are more.  clock: returns seconds."""
        self._most, self._hint, self._clock = most, hint, clock
        self._heard: dict[str, float] = {}  # when last, by the clock
        self._told = False  # that there are more workers than can be busy

    def __len__(self) -> int:
        return len(self._heard)

    def heard(self, worker: str) -> None:
        """Note a sign of life."""
        new = worker not in self._heard
        self._heard[worker] = self._clock()
        if new:
            self._say("takes part", worker, "joins")
            if len(self) > self._most and not self._told:
                self._told = True
                log.info(self._hint, self._most)

    def gone(self, worker: str, why: str) -> None:
        """Note that a worker no longer takes part."""
        if self._heard.pop(worker, None) is not None:
            self._say(why, worker, why if why == "leaves" else "silent")

    def forget_silent(self) -> None:
        """Strike out who has not been heard of for long."""
        since = self._clock() - _GONE
        for worker in [worker for worker, heard in self._heard.items() if heard < since]:
            self.gone(worker, "is no longer heard of")

    def _say(self, what: str, worker: str, event: str) -> None:
        log.info("%s (%s now)", what, n_workers(len(self)), extra={"worker": worker, "event": event})
