"""Sends leases through Celery: nothing else of the coordinator has to do with Celery's app."""

from contextlib import suppress
from typing import Any

from kombu import pools
from kombu.exceptions import OperationalError

from coordinator.workers.leases import Leases
from shared.errors import ConnectionLostError
from shared.messaging.addresses import redis_of
from shared.messaging.client import Client, client
from shared.messaging.client_app import ClientApp
from shared.messaging.keys import LEASE_KEYS, LEASE_LIFETIME, QUEUE
from shared.messaging.lease import LEASE_TASK, Lease


class BrokerAwayError(ConnectionLostError):
    """Celery's broker is away, or refuses us for now."""


class Dispatcher:
    """Puts leases into Celery's queue, and looks after it."""

    def __init__(self, broker: str) -> None:
        """broker: address, as kombu spells it."""
        self._broker = broker
        self._connect()
        address = redis_of(broker)
        self._redis: Client | None = None if address is None else client(address)

    def _connect(self) -> None:
        self._app = ClientApp(self._broker)

    def send_due(self, leases: Leases) -> None:
        """Send the leases that are due.

        Raises BrokerAwayError, and what was not sent stays due, or QueueError.
        """
        lease = leases.next_due()
        if lease is None:
            return
        while lease is not None:
            self._send(lease)
            leases.sent()
            lease = leases.next_due()
        self.keep_keys()

    def _send(self, lease: Lease) -> None:
        try:
            self._app.send_task(
                LEASE_TASK,
                args=[lease.to_json()],
                queue=QUEUE,
                # What a person reads in Flower. Not as the task's name: each would begin time series of its own there.
                argsrepr=f"({lease.run}, {lease.description})",
                kwargsrepr="{}",
                expiration=None if self._redis else LEASE_LIFETIME,
            )
        except OperationalError as error:
            raise BrokerAwayError(str(error)) from error
        # A connection that breaks at the wrong moment leaves kombu with a channel without one, and any error may come
        # of that, now and for ever after. So begin afresh.
        except Exception as error:
            self._app.close()
            self._connect()
            raise BrokerAwayError(f"{type(error).__name__}: {error}") from error

    def keep_keys(self) -> None:
        """Have Celery's keys expire some time after our last sign, as all others do.  Raises QueueError."""
        if self._redis is not None:
            with self._redis.pipeline(transaction=False) as pipeline:
                for key in LEASE_KEYS:
                    pipeline.expire(key, LEASE_LIFETIME)
                pipeline.execute()

    def queue_is_empty(self) -> bool:
        """Tell whether no lease waits in the queue, of whichever run.  Raises BrokerAwayError."""
        with self._app.connection_for_write() as connection:
            try:
                # Not passively: for Redis kombu then looks for a key without our prefix.
                queue: Any = self._app.amqp.queues[QUEUE].bind(connection.channel())
                return bool(queue.queue_declare().message_count == 0)
            except (*connection.connection_errors, *connection.channel_errors) as error:
                raise BrokerAwayError(str(error)) from error

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()
        self._close_connections()
        self._app.close()

    def _close_connections(self) -> None:
        """Close those of the app: kombu would keep them open, in pools of the whole process."""
        connection = self._app.connection_for_write()
        for group in (pools.producers, pools.connections):
            with suppress(Exception):  # whatever the transport makes of a broker that is away
                group[connection].force_close_all()  # one that is not there yet is made, as `in` knows no equals
            del group[connection]
