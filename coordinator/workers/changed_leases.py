"""Leases that somebody changes where the broker keeps them: whoever holds one computes in vain, and cannot know it.

A changed lease makes seals that do not fit. That does not say whose they are, since anyone may push such messages; so
they count only while nobody is there whose seals fit, when a new window costs no worker anything.
"""

import logging
import time
from collections.abc import Callable

from shared.errors import ChangedLeasesError
from shared.logs import masked

_IN_VAIN = 5.0  # seconds after which such a window ends, and its leases with it
_MOST = 6  # such windows after which the run does

log = logging.getLogger(__name__)


class ChangedLeases:
    """Whether all who speak in the current window hold leases that were changed."""

    def __init__(self, broker: str, clock: Callable[[], float] = time.monotonic) -> None:
        """broker: Celery's address.  clock: returns seconds."""
        self._broker, self._clock = masked(broker), clock
        self._since: float | None = None  # when, by the clock, the first seal did not fit; None: all fitted
        self._count = 0  # of windows that were ended for it, since a step was complete

    def misfit(self) -> None:
        """Note a message of which the seal does not fit."""
        if self._since is None:
            self._since = self._clock()

    def are_all(self, taken: int) -> bool:
        """Tell whether the window is to end.  taken: how many leases are held by workers whose seals fit."""
        if self._since is None:
            return False
        if taken:
            self._since = None
            return False
        return self._clock() - self._since > _IN_VAIN

    def opened(self, taken: int) -> None:
        """Note that a window begins.  taken: as in `are_all`, before that.

        Raises ChangedLeasesError if too many have ended in vain.
        """
        if self.are_all(taken):
            self._count += 1
            if self._count > _MOST:
                raise ChangedLeasesError(
                    f"whoever takes a lease computes in vain: somebody changes them in the broker {self._broker}, or "
                    f"the workers have another GradMQ; no seal fitted in {_MOST} windows; change the workers' password "
                    "there, then resume the run"
                )
            if self._count == 1:
                log.warning(
                    "no worker's seal fits, as if somebody changed leases in the broker %s; granting others",
                    self._broker,
                    extra={"event": "trouble"},
                )
        self._since = None

    def stepped(self) -> None:
        """Note that a step is complete."""
        self._count = 0
