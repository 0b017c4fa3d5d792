"""The lists of requests in Redis, after a step was published: what waits there, what is added and taken back."""

from collections.abc import Sequence
from typing import cast

from coordinator.gradients.floods import Floods
from coordinator.gradients.pending import PendingStep
from coordinator.workers.windows import Window
from shared.messaging.client import Client
from shared.messaging.keys import LIFETIME, Keys


class RequestLists:
    """The common list of a window, for whoever comes first, and the own ones of who holds a lease.

    All methods raise QueueError.
    """

    def __init__(self, client: Client, keys: Keys, window: Window, floods: Floods) -> None:
        """floods: drops a list that somebody fills."""
        self._client, self._keys, self._window, self._floods = client, keys, window, floods

    def queued(self, pending: PendingStep) -> set[bytes]:
        """Return the step's requests that wait in the common list.

        Each is taken out to see whether it was there, and put back: what else is there need not be read.
        """
        key, waiting = self._window.requests, [each.data for each in pending.waiting if each.lease is None]
        if not waiting or self._floods.drop(key, len(waiting)):
            return set()
        with self._client.pipeline(transaction=False) as pipeline:
            for request in waiting:
                pipeline.lrem(key, 0, request)  # type: ignore[arg-type]
            taken_out = cast(list[int], pipeline.execute())
        queued = [request for request, count in zip(waiting, taken_out, strict=True) if count]
        if queued:
            self.add(queued)
        return {*queued}

    def add(self, requests: Sequence[bytes]) -> None:
        """Put requests, one at least, into the common list."""
        self._client.rpush(self._window.requests, *requests)
        self._client.expire(self._window.requests, LIFETIME)

    def ask_others(self, pending: PendingStep) -> None:
        """Have other workers compute what was answered, to compare."""
        with self._client.pipeline(transaction=False) as pipeline:
            for data, lease in pending.second_requests:
                key = self._keys.own_requests(self._window.number, lease)
                pipeline.rpush(key, data)
                pipeline.expire(key, LIFETIME)
            pipeline.execute()
        pending.second_requests.clear()

    def withdraw(self, pending: PendingStep) -> None:
        """Take requests back that nobody has taken and nobody needs."""
        with self._client.pipeline(transaction=False) as pipeline:
            for request in pending.withdrawn:
                pipeline.lrem(self._window.requests, 0, request)  # type: ignore[arg-type]
            pipeline.execute()
        pending.withdrawn.clear()
