"""Sends batches through Celery: nothing else of a prediction has to do with Celery's app."""

from coordinator.workers.dispatcher import BrokerAwayError
from shared.messaging.addresses import redis_of
from shared.messaging.client import Client
from shared.messaging.client_app import ClientApp
from shared.messaging.keys import PREDICTION_LIFETIME, PREDICTIONS, PREFIX
from shared.messaging.predictions import BATCH_TASK, Batch


class BatchQueue:
    """Celery's queue of batches."""

    def __init__(self, broker: str, client: Client) -> None:
        """broker: address, as kombu spells it.  client: of the Redis for the inputs."""
        self._broker, self._client = broker, client
        self._is_redis = redis_of(broker) is not None
        self._connect()

    def _connect(self) -> None:
        self._app = ClientApp(self._broker)

    def send(self, batch: Batch) -> None:
        """Send a batch.  Raises BrokerAwayError or QueueError."""
        try:
            self._app.send_task(
                BATCH_TASK,
                args=[batch.to_json()],
                queue=PREDICTIONS,
                argsrepr=f"({batch.identity}, batch {batch.number})",
                kwargsrepr="{}",
                expiration=None if self._is_redis else PREDICTION_LIFETIME,
            )
        # As with leases: after some errors kombu has a channel without a connection, so begin afresh.
        except Exception as error:
            self._app.close()
            self._connect()
            raise BrokerAwayError(f"{type(error).__name__}: {error}") from error
        if self._is_redis:
            self._client.expire(PREFIX + PREDICTIONS, PREDICTION_LIFETIME)

    def is_taken(self) -> bool:
        """Tell whether workers have taken all batches, of whomever; if that cannot be told, they have."""
        return not self._is_redis or not self._client.llen(PREFIX + PREDICTIONS)

    def close(self) -> None:
        self._app.close()
