"""A queue of Celery's: nothing else of the coordinator has to do with Celery's app."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from coordinator.workers.task_sender import BrokerAwayError, TaskSender, broker_error
from shared.errors import QueueError
from shared.messaging.addresses import redis_of
from shared.messaging.client import Client, client
from shared.messaging.keys import PREFIX


class TaskQueue:
    """One of Celery's queues, where the broker is; the Redis for the tensors may be another.

    What we send does not stay behind us: in Redis the keys expire, on another broker the tasks.
    All methods but `close` raise BrokerAwayError and BrokerForbiddenError.
    """

    def __init__(self, broker: str, queue: str, task: str, keys: Sequence[str], lifetime: int) -> None:
        """broker: address, as kombu spells it.  task: the name of those that are sent.

        keys: Celery's own that hold the queue, if the broker is a Redis.  lifetime: of these after our last sign, else
        of a task, in seconds.
        """
        self._queue, self._task, self._keys, self._lifetime = queue, task, keys, lifetime
        self._sender = TaskSender(broker)
        address = redis_of(broker)
        self._redis: Client | None = None if address is None else client(address)

    def send(self, fields: dict[str, Any], description: str) -> None:
        """Send a task; `keep_keys` has to follow, once for all that are sent.

        description: what a person reads of it in Flower.
        """
        self._sender.send(self._task, fields, self._queue, description, None if self._redis else self._lifetime)

    def keep_keys(self) -> None:
        """Have Celery's keys expire some time after our last sign, as all others do."""
        if self._redis is not None:
            with _broker_errors(), self._redis.pipeline(transaction=False) as pipeline:
                for key in self._keys:
                    pipeline.expire(key, self._lifetime)
                pipeline.execute()

    def is_taken(self) -> bool:
        """Tell whether workers have taken all tasks of the queue, of whomever."""
        if self._redis is None:
            return not self._sender.n_waiting(self._queue)
        with _broker_errors():
            waiting = self._redis.llen(PREFIX + self._queue)
        if not isinstance(waiting, int):
            raise BrokerAwayError(f"Redis answers what no Redis does: {waiting!r}")
        return not waiting

    def close(self) -> None:
        self._sender.close()
        if self._redis is not None:
            self._redis.close()


@contextmanager
def _broker_errors() -> Iterator[None]:
    """Raise the broker's errors for those of a Redis."""
    try:
        yield
    except QueueError as error:
        raise broker_error(error) from error
