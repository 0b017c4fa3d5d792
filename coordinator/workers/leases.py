"""The leases of a window: which are due, who holds them, which got lost.  Bookkeeping only: nothing is sent here."""

import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace

from shared.messaging.identities import id_of
from shared.messaging.lease import Lease
from shared.messaging.seals import CoordinatorKeys

_ARRIVAL = 0.25  # seconds that workers may take from one window to the next
_NOT_TAKEN = 1.0  # seconds after which a lease that is in no queue and that nobody took counts as lost
_GIVEN_UP = 10.0  # seconds after which one counts as lost whatever is in the queue: one too many does no harm
_QUIET = 1.0  # seconds after which who speaks in a lease makes room for another who does
_MOST_OTHERS = 3  # who speak in a lease besides its holder: before it, like one that was killed, or without a right to


@dataclass
class _Granted:
    """What is known of one lease that was sent."""

    label: str  # which of how many, for people: 1/2
    since: float  # when it was sent, by the clock
    worker: str = ""  # who took it; empty until then
    heard: float = 0.0  # when last, by the clock
    vacant: bool = False  # nobody computes in it, and another lease is due for it or was sent
    was_left: bool = False  # once: of what comes after, no further lease follows
    others: dict[str, float] = field(default_factory=dict)  # who else has spoken in it, and when last, by the clock


class Leases:
    """The leases of the current window."""

    def __init__(self, keys: CoordinatorKeys, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without a window, with no lease due.  keys: have the leases' secrets.  clock: returns seconds."""
        self._keys = keys
        self.excluded: tuple[str, ...] = ()  # ids of the workers that get no work in this window
        self._clock = clock
        self._template: Lease
        self._granted: dict[int, _Granted] = {}  # by number
        self._due: list[str] = []  # labels of the leases still to be sent
        self._count = 0  # of the window's leases
        self._holders: list[tuple[str, int]] = []  # as of when there had been so many changes:
        self._counted = -1
        self._next_number = 0
        self._opened = self._checked = 0.0
        self._before = 0  # leases taken in the window before
        self.changes = 0  # grows whenever other leases are due, are sent, or are held by other workers that compute

    @property
    def holders(self) -> list[tuple[str, int]]:
        """The workers that hold leases and compute, each with the number of its lease."""
        if self._counted != self.changes:
            self._counted = self.changes
            self._holders = [
                (lease.worker, number) for number, lease in self._granted.items() if lease.worker and not lease.vacant
            ]
        return self._holders

    @property
    def working(self) -> list[str]:
        """The workers that hold leases and compute."""
        return [worker for worker, _ in self.holders]

    @property
    def taken(self) -> int:
        """How many leases are held by a worker that computes."""
        return len(self.holders)

    @property
    def count(self) -> int:
        """How many leases the window has, taken or not."""
        return self._count

    @property
    def all_taken(self) -> bool:
        """Whether each of the window's leases is held by a worker that computes."""
        return self.taken >= self._count

    def holds(self, number: int) -> bool:
        """Tell whether a worker that computes holds that lease."""
        lease = self._granted.get(number)
        return lease is not None and bool(lease.worker) and not lease.vacant

    @property
    def expected(self) -> int:
        """How many workers to cut a step for: those that are there, and those on their way from the window before.

        If nobody is there yet, these all the same; 0 if there were none.
        """
        return max(self.taken, self._before if self._are_arriving or not self.taken else 0)

    @property
    def awaits_workers(self) -> bool:
        """Whether workers are still on their way from the window before."""
        return self.taken < self._before and self._are_arriving

    def open(self, template: Lease, count: int) -> None:
        """Begin a new window, with `count` leases due that are like `template` but for number and label."""
        self._template, self.excluded = template, template.excluded
        self._before = sum(1 for worker in self.working if id_of(worker) not in template.excluded)
        self._opened = self._clock()
        self._granted.clear()
        self._due.clear()
        self._count = 0
        self.add(count)

    def add(self, count: int) -> None:
        """Have so many more leases due in this window."""
        before, self._count = self._count, self._count + count
        self._due += [f"{number}/{self._count}" for number in range(before + 1, self._count + 1)]
        self.changes += 1

    def next_due(self) -> Lease | None:
        """Return the lease to be sent next, None if none is due."""
        if not self._due:
            return None
        number = self._next_number
        # Now, since it may arrive though sending it fails, which is found out only afterwards.
        self._keys.granted(number, self._template.terms, 2 * (len(self._granted) + 1))
        return replace(self._template, number=number, label=self._due[0], secret=self._keys.secret(number))

    def sent(self) -> None:
        """Note that the lease to be sent next was sent."""
        self._granted[self._next_number] = _Granted(self._due.pop(0), self._clock())
        self._next_number += 1
        self.changes += 1

    def has(self, number: int) -> bool:
        """Tell whether that is a lease of the current window."""
        return number in self._granted

    def heard(self, number: int, worker: str) -> bool:
        """Note that a worker speaks in a lease, which is a sign of life of whoever holds it.

        The first who does holds it: more is not known of one whose word that it has joined got lost. Tell whether it
        may: who reads the lease in Celery's keys could invent workers, and of those only a few are listened to.
        """
        lease = self._granted.get(number)
        if lease is None:
            return True
        if not lease.worker:
            self._hold(lease, worker)
        if worker != lease.worker and id_of(worker) != id_of(lease.worker):
            return self._is_listened_to(lease, worker)
        self._sign_of_life(lease)
        return True

    def joined(self, number: int, worker: str) -> None:
        """Note who holds a lease, having been heard: but while another computes in it, that one does.

        A lease is delivered again when its worker was killed, and read where it lies by whoever has no right to it.
        """
        lease = self._granted.get(number)
        if lease is None:
            return
        is_others = bool(lease.worker) and id_of(lease.worker) != id_of(worker) and not lease.vacant
        if is_others and self._clock() - lease.heard < _QUIET:
            return
        if lease.worker != worker:
            self._hold(lease, worker)
        self.changes += 1
        self._sign_of_life(lease)

    def answered(self, number: int, worker: str) -> None:
        """Note a reply that counts: whoever gives it computes in the lease, and so holds it."""
        lease = self._granted.get(number)
        if lease is not None and lease.worker != worker:
            self._hold(lease, worker)
            self._sign_of_life(lease)

    def left(self, number: int, worker: str) -> None:
        """Have another lease sent for one whose holder went."""
        lease = self._granted.get(number)
        if lease is None or lease.worker not in ("", worker):
            return
        lease.worker = ""  # until somebody turns up in it: it is delivered again if Celery did not hear the same
        self.changes += 1
        if not lease.vacant:
            lease.vacant = True
            if not lease.was_left:  # else who takes and leaves it all the time would have leases sent without end
                self._due.append(lease.label)
        lease.was_left = True

    def renew_waiting(self) -> None:
        """Have others sent for the leases that nobody had taken when the queue was lost."""
        for lease in self._waiting():
            lease.vacant = True  # until its worker turns up after all
            self._due.append(lease.label)
        self.changes += 1

    def renew_silent(self, since: float, owing: Container[int] | None = None, most: int | None = None) -> list[str]:
        """Have others sent for the leases whose workers have not been heard of since then; return these workers.

        owing: the leases whose workers have something to say; None: all.  most: of all, how many at most have; if more
        are silent, nobody can tell who of them has nothing to do, and they keep their leases.
        """
        silent = [
            lease
            for number, lease in self._granted.items()
            if lease.worker and not lease.vacant and lease.heard < since and (owing is None or number in owing)
        ]
        if most is not None and len(silent) > most:
            return []
        self.changes += bool(silent)
        for lease in silent:
            lease.vacant = True
            # Not if another lease was sent for it before, and waits for somebody.
            if not any(other.label == lease.label for other in self._waiting()):
                self._due.append(lease.label)
        return [lease.worker for lease in silent]

    def renew_lost(self, queue_is_empty: Callable[[], bool]) -> None:
        """Have others sent for leases that a worker took from the queue and never told of: it must have died.

        queue_is_empty: is only asked when that would tell something, and may raise.
        """
        now = self._clock()
        waiting = self._waiting()
        if not waiting or now - self._checked < _NOT_TAKEN:
            return
        since = max(max(lease.since, lease.heard) for lease in waiting)
        if since < now - _NOT_TAKEN:
            self._checked = now
            # The queue may be full of other runs' leases, and never be empty.
            if since < now - _GIVEN_UP or queue_is_empty():
                self.renew_waiting()

    def _waiting(self) -> list[_Granted]:
        """The leases that nobody has taken yet."""
        return [lease for lease in self._granted.values() if not lease.worker and not lease.vacant]

    def _hold(self, lease: _Granted, worker: str) -> None:
        """Have a worker hold a lease; whoever did is still listened to."""
        lease.others.pop(worker, None)
        if lease.worker:
            lease.others[lease.worker] = lease.heard
        lease.worker = worker
        self.changes += 1

    def _is_listened_to(self, lease: _Granted, worker: str) -> bool:
        """Tell whether there is room for a worker that speaks in a lease that another holds."""
        others, now = lease.others, self._clock()
        if worker not in others and len(others) >= _MOST_OTHERS:
            quietest = min(others, key=lambda other: others[other])
            if now - others[quietest] < _QUIET:
                return False
            del others[quietest]
        others[worker] = now
        return True

    def _sign_of_life(self, lease: _Granted) -> None:
        lease.heard = self._clock()
        vacant = bool(self.excluded) and id_of(lease.worker) in self.excluded
        if vacant is not lease.vacant:
            if vacant:  # its holder will keep it and do nothing, so as not to take the same lease again and again
                self._due.append(lease.label)
            lease.vacant = vacant
            self.changes += 1

    @property
    def _are_arriving(self) -> bool:
        return self._clock() - self._opened < _ARRIVAL
