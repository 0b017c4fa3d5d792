"""Lists in Redis that have become longer than they can be: somebody with the workers' password fills them."""

import logging

from shared.messaging.client import Client

log = logging.getLogger(__name__)


class Floods:
    """Drops such lists whole, where they are: none of it is read, and what was right among it is sent again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.dropped = 0  # messages

    def drop(self, key: str, most: int) -> bool:
        """Drop a list of more than so many messages; tell whether it was one.  Raises QueueError."""
        count = self._client.llen(key)
        if count <= most:
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
