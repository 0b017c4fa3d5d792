"""Sends tasks through Celery, and begins afresh with it where an error may have left it in an unknown state."""

from typing import Any

from amqp.exceptions import AccessRefused
from kombu.exceptions import OperationalError

from shared.errors import ConnectionLostError, ForbiddenError
from shared.messaging.client import is_forbidden
from shared.messaging.client_app import ClientApp


class BrokerAwayError(ConnectionLostError):
    """Celery's broker is away, or refuses us for now."""


class TaskSender:
    """Celery's app for one broker; another one after some errors."""

    def __init__(self, broker: str) -> None:
        """broker: address, as kombu spells it."""
        self._broker = broker
        self.app = ClientApp(broker)

    def send(self, task: str, fields: dict[str, Any], queue: str, description: str, lifetime: int | None) -> None:
        """Send a task with that one argument.

        description: what a person reads of it in Flower.  lifetime: seconds until the broker drops it; None: never.
        Raises BrokerAwayError; ForbiddenError if it is of no use to try again.
        """
        try:
            self.app.send_task(
                task,
                args=[fields],
                queue=queue,
                # Not as the task's name: each would begin time series of its own in Flower.
                argsrepr=f"({description})",
                kwargsrepr="{}",
                expiration=lifetime,
            )
        except Exception as error:
            # A connection that breaks at the wrong moment leaves kombu with a channel without one, and any error may
            # come of that, now and for ever after. So begin afresh.
            if not isinstance(error, OperationalError):
                self.app.close()
                self.app = ClientApp(self._broker)
            text = str(error) if isinstance(error, OperationalError) else f"{type(error).__name__}: {error}"
            if is_forbidden(error) or isinstance(error.__cause__ or error, AccessRefused):
                raise ForbiddenError(text) from error
            raise BrokerAwayError(text) from error

    def n_waiting(self, queue: str) -> int:
        """Return how many tasks wait in a queue, of whomever.  Raises BrokerAwayError."""
        with self.app.connection_for_write() as connection:
            try:
                # Not passively: for Redis kombu then looks for a key without our prefix.
                bound: Any = self.app.amqp.queues[queue].bind(connection.channel())
                return int(bound.queue_declare().message_count)
            except (*connection.connection_errors, *connection.channel_errors) as error:
                raise BrokerAwayError(str(error)) from error

    def close(self) -> None:
        self.app.close()
