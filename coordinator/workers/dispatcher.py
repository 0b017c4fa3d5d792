"""Sends leases through Celery: nothing else of the coordinator has to do with Celery's app."""

from contextlib import suppress

from kombu import pools

from coordinator.workers.leases import Leases
from coordinator.workers.task_sender import TaskSender
from shared.messaging.addresses import redis_of
from shared.messaging.client import Client, client
from shared.messaging.keys import LEASE_KEYS, LEASE_LIFETIME, QUEUE
from shared.messaging.lease import LEASE_TASK


class Dispatcher:
    """Puts leases into Celery's queue, and looks after it."""

    def __init__(self, broker: str) -> None:
        """broker: address, as kombu spells it."""
        self._sender = TaskSender(broker)
        address = redis_of(broker)
        self._redis: Client | None = None if address is None else client(address)

    def send_due(self, leases: Leases) -> None:
        """Send the leases that are due.

        Raises BrokerAwayError, and what was not sent stays due, or QueueError.
        """
        lease = leases.next_due()
        if lease is None:
            return
        while lease is not None:
            what, lifetime = f"{lease.description}, {lease.run}", None if self._redis else LEASE_LIFETIME
            self._sender.send(LEASE_TASK, lease.to_json(), QUEUE, what, lifetime)
            leases.sent()
            lease = leases.next_due()
        self.keep_keys()

    def keep_keys(self) -> None:
        """Have Celery's keys expire some time after our last sign, as all others do.  Raises QueueError."""
        if self._redis is not None:
            with self._redis.pipeline(transaction=False) as pipeline:
                for key in LEASE_KEYS:
                    pipeline.expire(key, LEASE_LIFETIME)
                pipeline.execute()

    def queue_is_empty(self) -> bool:
        """Tell whether no lease waits in the queue, of whichever run.  Raises BrokerAwayError."""
        return not self._sender.n_waiting(QUEUE)

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()
        self._close_connections()
        self._sender.app.close()

    def _close_connections(self) -> None:
        """Close those of the app: kombu would keep them open, in pools of the whole process."""
        connection = self._sender.app.connection_for_write()
        for group in (pools.producers, pools.connections):
            with suppress(Exception):  # whatever the transport makes of a broker that is away
                group[connection].force_close_all()  # one that is not there yet is made, as `in` knows no equals
            del group[connection]
