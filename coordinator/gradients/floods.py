"""Lists in Redis that have become longer than they can be: somebody with the workers' password fills them."""

import logging

from shared.messaging.client import Client

_MOST = 10_000  # messages that wait, besides so many for each that is expected
_COPIES = 10

log = logging.getLogger(__name__)


class Floods:
    """Drops such lists whole, where they are: none of it is read, and what was right among it is sent again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.dropped = 0  # messages

    def drop(self, key: str, expected: int = 0) -> bool:
        """Drop a list that is too long where so many messages are expected; tell whether it was.  Raises QueueError."""
        count = self._client.llen(key)
        if count <= _MOST + _COPIES * expected:
            return False
        self._client.delete(key)
        if not self.dropped:
            log.error(
                "somebody fills %s, where %d messages were waiting: dropped, and all that come like that; "
                "change the workers' password",
                *(key, count),
                extra={"event": "trouble"},
            )
        self.dropped += count
        return True
