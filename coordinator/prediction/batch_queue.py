"""Sends batches through Celery: nothing else of a prediction has to do with Celery's app."""

from coordinator.workers.task_sender import TaskSender
from shared.messaging.addresses import redis_of
from shared.messaging.client import client
from shared.messaging.keys import BATCHES, BINDING_KEYS, PREDICTION_LIFETIME, PREFIX
from shared.messaging.predictions import BATCH_TASK, Batch

_KEY = PREFIX + BATCHES


class BatchQueue:
    """Celery's queue of batches, of whomever."""

    def __init__(self, broker: str) -> None:
        """broker: address, as kombu spells it."""
        self._sender = TaskSender(broker)
        address = redis_of(broker)
        self._redis = None if address is None else client(address)

    def send(self, batch: Batch) -> None:
        """Send a batch.  Raises BrokerAwayError or QueueError; ForbiddenError if it is of no use to try again."""
        lifetime = None if self._redis else PREDICTION_LIFETIME
        self._sender.send(BATCH_TASK, batch.to_json(), BATCHES, f"{batch.identity}, batch {batch.number}", lifetime)
        if self._redis is not None:
            # Batches of others that are lost by it are sent again.
            for key in (_KEY, *BINDING_KEYS):
                self._redis.expire(key, PREDICTION_LIFETIME)

    def is_taken(self) -> bool:
        """Tell whether workers have taken all batches, of whomever; if that cannot be told, they have."""
        return self._redis is None or not self._redis.llen(_KEY)

    def close(self) -> None:
        self._sender.close()
        if self._redis is not None:
            self._redis.close()
