"""The leases of a window: which are due, who holds them, which got lost.  Bookkeeping only: nothing is sent here."""

import time
from collections import OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from shared.accounting import COORDINATOR, UNKNOWN
from shared.messaging.lease import Lease
from shared.messaging.seals import CoordinatorKeys

_ARRIVAL = 0.25  # seconds that workers may take from one window to the next
_NOT_TAKEN = 1.0  # seconds after which a lease that is in no queue and that nobody took counts as lost
_GIVEN_UP = 10.0  # seconds after which one counts as lost whatever is in the queue: one too many does no harm
_NAMELESS = "lease "  # how they are called of whose holder no name is known
_REMEMBERED = 1000  # leases whose worker's name is known after their window, for late replies


@dataclass
class _Granted:
    """What is known of one lease that was sent."""

    label: str  # which of how many, for people: 1/2
    since: float  # when it was sent, by the clock
    worker: str = ""  # who took it; empty until then
    heard: float = 0.0  # when last, by the clock
    vacant: bool = False  # nobody computes in it, and another lease is due for it or was sent


class Leases:
    """The leases of the current window."""

    def __init__(self, keys: CoordinatorKeys, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without a window, with no lease due.  keys: have the leases' secrets.  clock: returns seconds."""
        self._keys = keys
        self.excluded: tuple[str, ...] = ()  # workers that get no work in this window
        self._clock = clock
        self._template: Lease
        self._granted: dict[int, _Granted] = {}  # by number
        self._names: OrderedDict[int, str] = OrderedDict()
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
        self._before = sum(1 for name in self.working if name not in template.excluded)
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
        number = self._next_number
        secret = self._keys.secret(number)
        return replace(self._template, number=number, label=self._due[0], secret=secret) if self._due else None

    def sent(self) -> None:
        """Note that the lease to be sent next was sent."""
        self._granted[self._next_number] = _Granted(self._due.pop(0), self._clock())
        self._next_number += 1
        self.changes += 1

    def joined(self, number: int, worker: str) -> None:
        """Note who holds a lease: under the lease's own name if it has none, or somebody else's."""
        if worker in ("", COORDINATOR, UNKNOWN) or worker.startswith(_NAMELESS):
            worker = f"{_NAMELESS}{number}"
        self._names[number] = worker
        if len(self._names) > _REMEMBERED:
            self._names.popitem(last=False)
        lease = self._granted.get(number)
        if lease is None:  # of a window that is over
            return
        lease.worker = worker
        self.changes += 1
        if worker in self.excluded and not lease.vacant:
            # It will keep it and do nothing, so that it does not take the same lease again and again.
            self._due.append(lease.label)
        self._sign_of_life(lease)

    def heard(self, number: int) -> None:
        """Note a sign of life of who holds a lease."""
        lease = self._granted.get(number)
        if lease is not None:
            self._sign_of_life(lease)

    def replied(self, number: int) -> None:
        """Note a reply of who holds a lease."""
        lease = self._granted.get(number)
        if lease is not None:
            if not lease.worker:  # its name got lost
                lease.worker = f"{_NAMELESS}{number}"
                self.changes += 1
            self._sign_of_life(lease)

    def left(self, number: int) -> None:
        """Have another lease sent for one whose worker went."""
        lease = self._granted.pop(number, None)
        self.changes += 1
        if lease is not None and not lease.vacant:
            self._due.append(lease.label)

    def name(self, number: int) -> str:
        """Return who holds or held a lease, or what its holder is called if its name got lost."""
        return self._names.get(number) or f"{_NAMELESS}{number}"

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
        self.changes += 1
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

    def _sign_of_life(self, lease: _Granted) -> None:
        lease.heard = self._clock()
        vacant = lease.worker in self.excluded
        if vacant is not lease.vacant:
            lease.vacant = vacant
            self.changes += 1

    @property
    def _are_arriving(self) -> bool:
        return self._clock() - self._opened < _ARRIVAL
