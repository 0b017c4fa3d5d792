"""Sends the leases that are due."""

from coordinator.workers.leases import Leases
from coordinator.workers.task_queue import TaskQueue
from shared.messaging.keys import LEASE_KEYS, LEASE_LIFETIME, QUEUE
from shared.messaging.lease import LEASE_TASK


class Dispatcher(TaskQueue):
    """Celery's queue of leases."""

    def __init__(self, broker: str) -> None:
        """broker: address, as kombu spells it."""
        super().__init__(broker, QUEUE, LEASE_TASK, LEASE_KEYS, LEASE_LIFETIME)

    def send_due(self, leases: Leases) -> None:
        """Send the leases that are due.

        Raises BrokerAwayError or BrokerForbiddenError, and what was not sent stays due.
        """
        sent = False
        for lease in iter(leases.next_due, None):
            self.send(lease.to_json(), f"{lease.description}, {lease.run}")
            leases.sent()
            sent = True
        if sent:
            self.keep_keys()
