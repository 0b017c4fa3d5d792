"""Sends runs through Celery: nothing else of a sweep has to do with Celery's app."""

from typing import Any

from amqp.exceptions import AccessRefused

from coordinator.workers.dispatcher import BrokerAwayError
from shared.errors import ForbiddenError
from shared.messaging.addresses import redis_of
from shared.messaging.client import Client, is_forbidden
from shared.messaging.client_app import ClientApp
from shared.messaging.keys import LEASE_KEYS, LEASE_LIFETIME, PREFIX, TRIALS
from shared.messaging.trials import TRIAL_TASK, TrialTask


class TrialQueue:
    """Celery's queue of runs."""

    def __init__(self, broker: str, client: Client) -> None:
        """broker: address, as kombu spells it.  client: of the Redis for the samples."""
        self._broker, self._client = broker, client
        self._is_redis = redis_of(broker) is not None
        self._connect()

    def _connect(self) -> None:
        self._app = ClientApp(self._broker)

    def send(self, task: TrialTask) -> None:
        """Send a run.  Raises BrokerAwayError or QueueError; ForbiddenError if it is of no use to try again."""
        try:
            self._app.send_task(
                TRIAL_TASK,
                args=[task.to_json()],
                queue=TRIALS,
                argsrepr=f"({task.sweep}, {task.run})",
                kwargsrepr="{}",
                expiration=None if self._is_redis else LEASE_LIFETIME,
            )
        # As with leases: after some errors kombu has a channel without a connection, so begin afresh.
        except Exception as error:
            self._app.close()
            self._connect()
            text = f"{type(error).__name__}: {error}"
            if is_forbidden(error) or isinstance(error.__cause__ or error, AccessRefused):
                raise ForbiddenError(text) from error
            raise BrokerAwayError(text) from error
        self.keep_keys()

    def keep_keys(self) -> None:
        """Have Celery's keys expire some time after our last sign, as all others do.  Raises QueueError."""
        if self._is_redis:
            for key in (f"{PREFIX}{TRIALS}", *LEASE_KEYS):
                self._client.expire(key, LEASE_LIFETIME)

    def is_taken(self) -> bool:
        """Tell whether workers have taken all runs, of whichever sweep.  Raises BrokerAwayError or QueueError."""
        if self._is_redis:
            return not self._client.llen(f"{PREFIX}{TRIALS}")
        with self._app.connection_for_write() as connection:
            try:
                queue: Any = self._app.amqp.queues[TRIALS].bind(connection.channel())
                return bool(queue.queue_declare().message_count == 0)
            except (*connection.connection_errors, *connection.channel_errors) as error:
                raise BrokerAwayError(str(error)) from error

    def close(self) -> None:
        self._app.close()
