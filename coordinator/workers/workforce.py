"""All that is known of a run's workers: who takes part, who holds which lease, who gets how much."""

import time
from collections.abc import Callable, Container, Iterable, Sequence

from coordinator.workers.admission import Admission
from coordinator.workers.changed_leases import ChangedLeases
from coordinator.workers.cuts import Piece, equal_bounds, pieces, pieces_by_share
from coordinator.workers.dispatcher import Dispatcher
from coordinator.workers.doubts import Doubts
from coordinator.workers.exclusions import Exclusions
from coordinator.workers.lease_count import LeaseCount
from coordinator.workers.leases import Leases
from coordinator.workers.membership import Membership
from coordinator.workers.roster import Roster
from coordinator.workers.shares import Shares
from coordinator.workers.stragglers import Stragglers
from shared.config import TrainConfig
from shared.environment import Kernels
from shared.messaging.identities import id_of
from shared.messaging.lease import Lease
from shared.messaging.records import OWN, Record
from shared.messaging.seals import CoordinatorKeys
from shared.parallel.sharding import block_width

_START = 60.0  # seconds in which workers that were started for the run may still be on their way
_PIECES = 4  # of an evaluation for each worker, so that all are done at about the same time
_AT_ONCE = 10  # exclusions that end a window at once; who invents more workers must not have windows begin all the time
_SHORTEST_WINDOW = 1.0  # seconds that one lasts after so many, though somebody else was excluded

_MORE_THAN_SHARDS = "more workers than the %d that a mini-batch has shards for take turns; more shards make more busy"
_MORE_THAN_SAMPLES = "more workers than the %d samples of a mini-batch take turns; larger mini-batches make more busy"


class Workforce:
    """The policies about workers, and what follows when they are asked together."""

    def __init__(
        self,
        broker: str,
        config: TrainConfig,
        excluded: Iterable[str],
        kernels: Kernels,
        keys: CoordinatorKeys,
        workers: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """broker: Celery's.  excluded: who gets no work.  kernels: what the coordinator computes with.

        keys: of this incarnation of the run.  workers: how many there are, if that is known.  clock: returns seconds.
        """
        units, divisible = config.shards_per_step, config.strategy.divisible
        self.roster = Roster()
        self.leases = Leases(keys, clock)
        self.changed_leases = ChangedLeases(broker, clock)
        self.membership = Membership(units, _MORE_THAN_SAMPLES if divisible else _MORE_THAN_SHARDS, clock)
        self.stragglers = Stragglers(clock)
        self.exclusions = Exclusions([*excluded])
        self.doubts = Doubts(self.exclusions)
        self.shares = Shares(units, clock)
        self.admission = Admission(kernels, config.any_order, self.exclusions)
        self._dispatcher = Dispatcher(broker)
        self._units, self._divisible = units, divisible
        # Shards and replicas are few, and there is a lease for each; samples may be many.
        self._lease_count = LeaseCount(units, workers if divisible else units)
        self._clock, self._began = clock, clock()
        self._workers = workers
        self._are_starting = workers is not None  # for the run, and not all of them have come yet
        self._granted_at = -1  # of the leases' changes
        self._cut: Sequence[Piece] = ()  # the latest, and what it was made for:
        self._cut_for: tuple[int, ...] = ()
        self._holders: dict[str, int] = {}  # their leases by their names
        self._opened = clock()  # the window
        self._idle: tuple[str, ...] = ()  # as of when so many were excluded, and these paused:
        self._idle_for: tuple[int, frozenset[str]] = -1, frozenset()

    @property
    def idle(self) -> tuple[str, ...]:
        """The ids of those who get no lease now, for a while or in this run."""
        idle_for = self.exclusions.total, frozenset(self.stragglers.pausing)
        if idle_for != self._idle_for:
            self._idle_for = idle_for
            self._idle = tuple(sorted(self.exclusions.ids | {*map(id_of, self.stragglers.pausing)}))
        return self._idle

    @property
    def has_changed(self) -> bool:
        """Whether others get leases than when they were granted, or what was granted is not what they got.

        Then a new window must begin.
        """
        if self.changed_leases.are_all(self.leases.taken):
            return True
        if self.idle == self.leases.excluded:
            return False
        return self.exclusions.total <= _AT_ONCE or self._clock() - self._opened > _SHORTEST_WINDOW

    @property
    def awaits_workers(self) -> bool:
        """Whether a step had better be cut in a moment, when the workers of the window before are there again."""
        return self._divisible and self.leases.awaits_workers

    def open(self, lease: Lease) -> None:
        """Have leases like this granted for a new window.  It names who gets none.

        Raises ChangedLeasesError.
        """
        self.changed_leases.opened(self.leases.taken)
        self._opened = self._clock()
        self.leases.open(lease, self._lease_count.of_window(self.leases.taken))

    def grant_due(self) -> None:
        """Send the leases that are due.  Raises BrokerError, and what was not sent stays due."""
        if self._granted_at == self.leases.changes:
            return
        if self.leases.all_taken and (more := self._lease_count.more(self.leases.count)):
            self.leases.add(more)
        self._dispatcher.send_due(self.leases)
        self._granted_at = self.leases.changes

    def cut_evaluation(self, n_units: int) -> Sequence[Piece]:
        """Cut an evaluation, whose units are large: into some more pieces than there are workers, for whoever is free.

        How fast workers are with the few samples of a mini-batch tells little of that, nor who pauses for it.
        """
        return pieces(equal_bounds(0, n_units, _PIECES * max(self.leases.expected, 1)))

    def cut(self, n_units: int) -> Sequence[Piece]:
        """Cut a step into pieces for the workers that are there, or on their way."""
        if not self._divisible:
            width = block_width(n_units, self._expected)
            return pieces([*range(0, n_units, width), n_units])
        self.shares.review([*self._holders])
        cut_for = n_units, self.leases.changes, self.shares.changes
        if cut_for != self._cut_for:
            # Of two processes of one worker, which have one name, the later one gets a piece.
            self._holders = dict(sorted(self.leases.holders))
            if len(self._holders) > 1:
                shares = self.shares.of([*self._holders], n_units)
                self._cut = [*pieces_by_share([*self._holders.values()], shares)]
            else:
                self._cut = pieces(equal_bounds(0, n_units, 1 if self._holders else self._expected))
            self._cut_for = n_units, self.leases.changes, self.shares.changes
        return self._cut

    @property
    def _expected(self) -> int:
        """How many workers to cut a step for: those that are there, and those that are known to be on their way.

        If nobody is known, all who may come. A piece more takes whoever comes hardly longer, but one piece for all
        would leave the others nothing to do: for seconds, if it is of local steps.
        """
        if self._workers is not None and self._are_starting:
            self._are_starting = len(self.membership) < self._workers and self._clock() - self._began < _START
            if self._are_starting:
                return max(self.leases.expected, self._workers)
        return self.leases.expected or self._workers or self.leases.count

    def replied(self, worker: str, reply: Record, seconds: float) -> None:
        """Note an accepted reply, for which we have waited so long."""
        units = reply.stop - reply.first
        if not self._divisible:
            self.stragglers.replied(worker, seconds / units)
        elif reply.region == OWN:  # what anyone may answer tells nothing of who does
            self.shares.replied(worker, units, seconds)

    def stepped(self, n_units: int, seconds: float) -> None:
        """Note how long a step of so many units took, with all that disturbed it."""
        self.changed_leases.stepped()
        if n_units == self._units:  # an epoch's last may have fewer
            (self.shares if self._divisible else self.stragglers).stepped(seconds)

    def review(self) -> None:
        """Look who is no longer heard of, and who holds up the others."""
        self.membership.forget_silent()
        self.stragglers.review(self.leases.working)

    def replace_lost(self) -> None:
        """Grant again the leases that seem to be lost.  Raises what `grant_due` raises."""
        self.leases.renew_lost(self._dispatcher.is_taken)
        self.grant_due()

    def replace_silent(self, since: float, owing: Container[int] | None, most: int | None = None) -> None:
        """Grant again the leases of those who have not been heard of since then.  Raises what `grant_due` raises.

        owing, most: who has something to say, as in `Leases.renew_silent`.
        """
        for worker in self.leases.renew_silent(since, owing, most):
            self.membership.gone(worker, "does not answer")
            self.shares.silent(worker)
        self.grant_due()

    def keep_keys(self) -> None:
        """Have Celery's keys in Redis live on.  Raises BrokerError."""
        self._dispatcher.keep_keys()

    def close(self) -> None:
        self._dispatcher.close()
