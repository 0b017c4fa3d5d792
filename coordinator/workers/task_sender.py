"""Sends tasks through Celery, and begins afresh with it where an error may have left it in an unknown state."""

from contextlib import suppress
from typing import Any

from amqp.exceptions import AccessRefused
from kombu.exceptions import OperationalError

from shared.errors import ConnectionLostError, ForbiddenError, QueueError
from shared.messaging.client import is_forbidden
from shared.messaging.client_app import ClientApp


class BrokerError(QueueError):
    """What is wrong is wrong with Celery's broker."""


class BrokerAwayError(BrokerError, ConnectionLostError):
    """Celery's broker is away, or refuses us for now, or answers what no broker does."""


class BrokerForbiddenError(BrokerError, ForbiddenError):
    """Celery's broker refuses us until somebody changes our user's password or rights."""


class TaskSender:
    """Celery's app for one broker, with a connection of its own."""

    def __init__(self, broker: str) -> None:
        """broker: address, as kombu spells it."""
        self.app = ClientApp(broker)
        self._connection: Any = None  # kombu's pools, which Celery would take one from, are never closed

    def send(self, task: str, fields: dict[str, Any], queue: str, description: str, lifetime: int | None) -> None:
        """Send a task with that one argument.

        description: what a person reads of it in Flower.  lifetime: seconds until the broker drops it; None: never.
        Raises BrokerAwayError or BrokerForbiddenError.
        """
        if self._connection is None:
            self._connection = self.app.connection_for_write()
        try:
            self.app.send_task(
                task,
                args=[fields],
                queue=queue,
                # Not as the task's name: each would begin time series of its own in Flower.
                argsrepr=f"({description})",
                kwargsrepr="{}",
                expiration=lifetime,
                connection=self._connection,
            )
        except Exception as error:
            # A connection that breaks at the wrong moment leaves kombu with a channel without one, and any error may
            # come of that, now and for ever after. So begin afresh.
            self._disconnect()
            raise broker_error(error) from error

    def n_waiting(self, queue: str) -> int:
        """Return how many tasks wait in a queue, of whomever.  Raises BrokerAwayError or BrokerForbiddenError."""
        try:
            with self.app.connection_for_write() as connection:
                # Not passively: of a queue that is not there yet RabbitMQ would say so by an error.
                bound: Any = self.app.amqp.queues[queue].bind(connection.channel())
                return int(bound.queue_declare().message_count)
        except Exception as error:  # what is no answer of a broker may end in any
            raise broker_error(error) from error

    def close(self) -> None:
        self._disconnect()
        self.app.close()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # whatever the transport makes of a broker that is away
                connection.collect()  # not `close`, which waits for a last word of RabbitMQ


def broker_error(error: Exception) -> BrokerError:
    """Return what an error of kombu's, or one of ours, means when it comes from the broker."""
    text = str(error) if isinstance(error, OperationalError | QueueError) else f"{type(error).__name__}: {error}"
    if is_forbidden(error) or isinstance(error.__cause__ or error, AccessRefused):
        return BrokerForbiddenError(text)
    return BrokerAwayError(text)
