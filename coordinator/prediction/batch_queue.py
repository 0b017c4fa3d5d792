"""Sends batches through Celery: nothing else of a prediction has to do with Celery's app."""

from amqp.exceptions import AccessRefused

from coordinator.workers.dispatcher import BrokerAwayError
from shared.errors import ForbiddenError
from shared.messaging.addresses import redis_of
from shared.messaging.client import client, is_forbidden
from shared.messaging.client_app import ClientApp
from shared.messaging.keys import BATCHES, PREDICTION_LIFETIME, PREFIX
from shared.messaging.predictions import BATCH_TASK, Batch

_KEY = PREFIX + BATCHES


class BatchQueue:
    """Celery's queue of batches, of whomever."""

    def __init__(self, broker: str) -> None:
        """broker: address, as kombu spells it."""
        self._broker = broker
        address = redis_of(broker)
        self._redis = None if address is None else client(address)
        self._connect()

    def _connect(self) -> None:
        self._app = ClientApp(self._broker)

    def send(self, batch: Batch) -> None:
        """Send a batch.  Raises BrokerAwayError or QueueError; ForbiddenError if it is of no use to try again."""
        try:
            self._app.send_task(
                BATCH_TASK,
                args=[batch.to_json()],
                queue=BATCHES,
                argsrepr=f"({batch.identity}, batch {batch.number})",
                kwargsrepr="{}",
                expiration=None if self._redis else PREDICTION_LIFETIME,
            )
        # As with leases: after some errors kombu has a channel without a connection, so begin afresh.
        except Exception as error:
            self._app.close()
            self._connect()
            text = f"{type(error).__name__}: {error}"
            if is_forbidden(error) or isinstance(error.__cause__ or error, AccessRefused):
                raise ForbiddenError(text) from error
            raise BrokerAwayError(text) from error
        if self._redis is not None:
            # Batches of others that are lost by it are sent again.
            self._redis.expire(_KEY, PREDICTION_LIFETIME)

    def is_taken(self) -> bool:
        """Tell whether workers have taken all batches, of whomever; if that cannot be told, they have."""
        return self._redis is None or not self._redis.llen(_KEY)

    def close(self) -> None:
        self._app.close()
        if self._redis is not None:
            self._redis.close()
