"""Who takes part in a run."""

import logging
import time
from collections.abc import Callable

_GONE = 10.0  # seconds without a word after which a worker no longer takes part; leases go round among them
_AGAIN = 5.0  # seconds until it is told again that the same worker is silent: on a busy machine one may be all the time

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
        self._told_silent: dict[str, float] = {}  # of whom that was told lately, and when by the clock
        self._untold: dict[str, str] = {}  # who is silent without having been told of, and what to say

    def __len__(self) -> int:
        return len(self._heard)

    def heard(self, worker: str) -> None:
        """Note a sign of life."""
        new = worker not in self._heard
        self._heard[worker] = self._clock()
        if new and self._untold.pop(worker, None) is None:
            self._say("takes part", worker, "joins")
            if len(self) > self._most and not self._told:
                self._told = True
                log.info(self._hint, self._most)

    def gone(self, worker: str, why: str) -> None:
        """Note that a worker no longer takes part."""
        if self._heard.pop(worker, None) is None:
            return
        if why == "leaves":
            self._say(why, worker, why)
        elif worker in self._told_silent:
            self._untold[worker] = why
        else:
            self._say_silent(why, worker)

    def forget_silent(self) -> None:
        """Strike out who has not been heard of for long, and tell of those who are still silent."""
        now = self._clock()
        for worker in [worker for worker, heard in self._heard.items() if heard < now - _GONE]:
            self.gone(worker, "is no longer heard of")
        self._told_silent = {worker: when for worker, when in self._told_silent.items() if now - when < _AGAIN}
        for worker in [worker for worker in self._untold if worker not in self._told_silent]:
            self._say_silent(self._untold.pop(worker), worker)

    def _say_silent(self, why: str, worker: str) -> None:
        self._told_silent[worker] = self._clock()
        self._say(why, worker, "silent")

    def _say(self, what: str, worker: str, event: str) -> None:
        log.info("%s (%s now)", what, n_workers(len(self)), extra={"worker": worker, "event": event})
