"""What the coordinator waits for, as people are told: at once, but no trouble again and again."""

import logging
from collections.abc import Callable

_AGAIN = 5.0  # seconds until the same trouble is told of again, if it was over meanwhile

log = logging.getLogger(__name__)


class Troubles:
    """Tells of each trouble when it begins, and when it is over.

    One that comes and goes is told of once in a while, and one that stays in any case.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """clock: returns seconds."""
        self._clock = clock
        self._told = ""  # what we have said that we wait for
        self._when: dict[str, float] = {}  # what was told of lately, and when by the clock

    def tell(self, trouble: str, details: str = "") -> None:
        """Note what we wait for.  It is noted again and again while that lasts.

        details: may change while the trouble stays the same.
        """
        now = self._clock()
        self._when = {each: when for each, when in self._when.items() if now - when < _AGAIN}
        if trouble != self._told and trouble not in self._when:
            log.warning("%s%s", trouble, details, extra={"event": "trouble"})
            self._told, self._when[trouble] = trouble, now

    def over(self) -> None:
        """Note that we wait for nothing any more."""
        if self._told:
            log.info("all is there again; going on", extra={"event": "recovered"})
            self._told = ""
