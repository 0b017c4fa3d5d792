"""All that is known of a run's workers: who takes part, who holds which lease, who gets none."""

import time
from collections.abc import Callable, Iterable

from coordinator.workers.admission import Admission
from coordinator.workers.dispatcher import Dispatcher
from coordinator.workers.exclusions import Exclusions
from coordinator.workers.leases import Leases
from coordinator.workers.membership import Membership
from coordinator.workers.stragglers import Stragglers
from shared.environment import Kernels
from shared.messaging.lease import Lease


class Workforce:
    """The policies about workers, and what follows when they are asked together."""

    def __init__(
        self,
        broker: str,
        shards: int,
        excluded: Iterable[str],
        kernels: Kernels,
        any_order: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """broker: Celery's.  shards: of a step, and so as many leases as there are.  excluded: who gets no work.

        kernels: what the coordinator computes with.  any_order: whether sums have the same bits in any order.
        clock: returns seconds.
        """
        self.leases = Leases(clock)
        self.membership = Membership(shards, clock)
        self.stragglers = Stragglers(clock)
        self.exclusions = Exclusions([*excluded])
        self.admission = Admission(kernels, any_order, self.exclusions)
        self._dispatcher = Dispatcher(broker)
        self._shards = shards

    @property
    def idle(self) -> tuple[str, ...]:
        """Who gets no work now, for a while or in this run."""
        return tuple(sorted({*self.exclusions.names, *self.stragglers.pausing}))

    @property
    def has_changed(self) -> bool:
        """Whether others get work than when the leases were granted: then a new window must begin."""
        return self.idle != self.leases.excluded

    def open(self, lease: Lease) -> None:
        """Have leases like this granted for a new window.  It names who gets none."""
        self.leases.open(lease, self._shards)

    def grant_due(self) -> None:
        """Send the leases that are due.  Raises BrokerAwayError or QueueError, and what was not sent stays due."""
        self._dispatcher.send_due(self.leases)

    def review(self) -> None:
        """Look who is no longer heard of, and who holds up the others."""
        self.membership.forget_silent()
        self.stragglers.review(self.leases.working)

    def replace_lost(self) -> None:
        """Grant again the leases that seem to be lost.  Raises what `grant_due` raises."""
        self.leases.renew_lost(self._dispatcher.queue_is_empty)
        self.grant_due()

    def replace_silent(self, since: float) -> None:
        """Grant again the leases of those who have not been heard of since then.  Raises what `grant_due` raises."""
        for worker in self.leases.renew_silent(since):
            self.membership.gone(worker, "does not answer")
        self.grant_due()

    def keep_keys(self) -> None:
        """Have Celery's keys in Redis live on.  Raises QueueError."""
        self._dispatcher.keep_keys()

    def close(self) -> None:
        self._dispatcher.close()
