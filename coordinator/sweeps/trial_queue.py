"""Sends runs through Celery: nothing else of a sweep has to do with Celery's app."""

from coordinator.workers.task_sender import TaskSender
from shared.messaging.addresses import redis_of
from shared.messaging.client import Client
from shared.messaging.keys import LEASE_KEYS, LEASE_LIFETIME, PREFIX, TRIALS
from shared.messaging.trials import TRIAL_TASK, TrialTask


class TrialQueue:
    """Celery's queue of runs."""

    def __init__(self, broker: str, client: Client) -> None:
        """broker: address, as kombu spells it.  client: of the Redis for the samples."""
        self._client, self._sender = client, TaskSender(broker)
        self._is_redis = redis_of(broker) is not None

    def send(self, task: TrialTask) -> None:
        """Send a run.  Raises BrokerAwayError or QueueError; ForbiddenError if it is of no use to try again."""
        lifetime = None if self._is_redis else LEASE_LIFETIME
        self._sender.send(TRIAL_TASK, task.to_json(), TRIALS, f"{task.sweep}, {task.run}", lifetime)
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
        return not self._sender.n_waiting(TRIALS)

    def close(self) -> None:
        self._sender.close()
