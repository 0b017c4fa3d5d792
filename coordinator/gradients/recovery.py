"""What the coordinator looks after while it waits, and how it begins again when something is gone."""

import time
from collections.abc import Callable

from coordinator.gradients.troubles import Troubles
from coordinator.workers.task_sender import BrokerAwayError, BrokerError, BrokerForbiddenError
from coordinator.workers.windows import Window
from coordinator.workers.workforce import Workforce
from shared.errors import ConnectionLostError, RefusedError
from shared.messaging.client import Client
from shared.messaging.keys import LIFETIME, WEIGHTS_LIFETIME
from shared.messaging.records import RECORD_BYTES

_LOOK = 1.0  # seconds between two looks at our own processes and at the workers while all goes well
_ALONE = 3.0  # seconds without any worker after which we say so
_START = 60.0  # seconds that workers which were started for the run may take; a busy machine needs half of them
_ALL_AWAY = 1.0  # seconds after which nobody pauses any more; at a window's turn workers are only on their way
_PAUSE = 0.1  # seconds between two attempts to go on after a failure
_MOST_NAMED = 5  # of those that are excluded, in one line


class KeysLostError(Exception):
    """Redis has forgotten what we published."""


# What a step is begun again after. All that matters is here, so that nothing is lost.
PASSING = (KeysLostError, ConnectionLostError, RefusedError)


class Recovery:
    """Notices that something is wrong, says so once, and prepares to begin again."""

    def __init__(
        self,
        client: Client,
        weights: str,
        window: Window,
        workforce: Workforce,
        supervise: Callable[[], None],
        started: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """weights: their key in Redis.  supervise: looks whether our own processes are alive.

        started: how many workers were started for the run, None if others do that.  clock: returns seconds.
        sleep: lets so many pass.
        """
        self._client, self._weights = client, weights
        self._window, self._workforce, self._supervise = window, workforce, supervise
        self._clock, self._sleep = clock, sleep
        self.published = b""  # the record of the weights, as Redis should have it,
        self.published_bytes = 0  # and how long it is with the weights
        self._troubles = Troubles(clock)
        self._started = started  # and none of them has come yet
        self._alone_since: float | None = None
        self._looked = self._clock()

    def look_after_workers(self) -> None:
        """Now and then, while all goes well: are our processes alive, who still takes part, who holds up the others?"""
        if self._clock() - self._looked > _LOOK:
            self._looked = self._clock()
            self._supervise()
            self._workforce.review()
            self._window.announce(self._client)  # first: if the broker is the same Redis, that is what is away
            self._workforce.keep_keys()

    def look_around(self) -> bool:
        """Replies are slow to come: are our processes alive, is Redis whole? Tell whether anybody is there.

        Raises what is in PASSING.
        """
        self._supervise()
        # Both are signs of life, and tell whether Redis still has them.
        # Asked for its content, not only whether it is there: a key of another type raises, and is replaced.
        found = self._client.getrange(self._weights, 0, RECORD_BYTES - 1)
        last = self.published_bytes - 1
        whole = len(self._client.getrange(self._weights, last, last + 1)) == 1  # so long, and no longer
        if found != self.published or not whole or not self._client.expire(self._weights, WEIGHTS_LIFETIME):
            raise KeysLostError
        self._client.expire(self._window.requests, LIFETIME)
        self._window.announce(self._client)
        self._workforce.review()
        self._workforce.replace_lost()
        somebody = self._workforce.leases.taken > 0
        if somebody:
            self._alone_since = self._started = None
        else:
            now = self._clock()
            if self._alone_since is None:
                self._alone_since = now
            if now - self._alone_since > _ALL_AWAY:
                self._workforce.stragglers.end_pauses()
            if now - self._alone_since > (_ALONE if self._started is None else _START):
                self._troubles.tell(f"no worker is there{self._but_the_excluded()}; waiting for one to come")
        return somebody

    def begin_again(self, error: Exception) -> None:
        """Prepare for the step to be published once more: what Redis held may be gone."""
        match error:
            case KeysLostError():
                self._troubles.tell("Redis has lost the run's keys; publishing them again")
            case BrokerForbiddenError():
                self._troubles.tell(f"Celery's broker refuses us ({error}); waiting until user and password are right")
            case BrokerAwayError():
                self._troubles.tell("Celery's broker is away", f" ({error}); waiting for it")
            case ConnectionLostError():
                self._troubles.tell("Redis is away", f" ({error}); waiting for it")
            case _:
                self._troubles.tell(f"Redis refuses ({error}); waiting for it to serve us")
        self._client.disconnect()
        if not isinstance(error, BrokerError):  # else whether they are lost is found out a little later
            self._workforce.leases.renew_waiting()
        self._sleep(_PAUSE)
        self._supervise()

    def all_is_well(self) -> None:
        """A step is complete: say so, if there was trouble."""
        self._alone_since = self._started = None
        self._troubles.over()

    def _but_the_excluded(self) -> str:
        names = self._workforce.exclusions.names
        if not names:
            return ""
        others = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
        return f" but those that get no more work in this run ({', '.join(names[-_MOST_NAMED:])}{others})"
