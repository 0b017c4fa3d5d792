"""Leases given out through Celery, and who sits in them."""

import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from coordinator.workers.stragglers import Bench
from shared.messaging.addresses import redis_of
from shared.messaging.celery_settings import celery_settings
from shared.messaging.client import Client, client
from shared.messaging.keys import LEASE_KEYS, LEASE_LIFETIME, QUEUE
from shared.messaging.lease import LEASE_TASK, Lease

_ARRIVAL = 0.25  # seconds that workers may take from one window to the next
_NOT_TAKEN = 1.0  # seconds after which a lease that is in no queue and that nobody took counts as lost
_GIVEN_UP = 10.0  # seconds after which one counts as lost whatever is in the queue: one too many does no harm
_REMEMBERED = 1000  # leases whose worker's name is known after their window, for late replies


@dataclass
class _Place:
    """What is known of one lease that was given out."""

    label: str  # which of how many, for people: 1/2
    granted: float  # when, by the monotonic clock
    worker: str = ""  # who took it; empty until then
    heard: float = 0.0  # when last, by the monotonic clock
    vacant: bool = False  # nobody computes in it, and another lease was given out for it


class Leases:
    """The leases of the current window. All but `give_out`, `keep` and `replace_lost` only note what is to be done."""

    def __init__(self, broker: str, bench: Bench) -> None:
        self._broker = broker
        self._connect()
        address = redis_of(broker)
        self._redis: Client | None = None if address is None else client(address)
        self._bench = bench
        self._template: Lease
        self._places: dict[int, _Place] = {}
        self._names: OrderedDict[int, str] = OrderedDict()
        self._due: list[str] = []  # labels of the leases still to be given out
        self._opened = self._counted = 0.0
        self._next_number = 0
        self._before = 0  # leases taken in the window before

    def _connect(self) -> None:
        self._app = Celery("coordinator", set_as_current=False)
        self._app.conf.update(celery_settings(self._broker), broker_pool_limit=1)

    @property
    def working(self) -> list[str]:
        """The workers that sit in leases and compute."""
        return [place.worker for place in self._places.values() if place.worker and not place.vacant]

    @property
    def taken(self) -> int:
        """How many leases have a worker in them that computes."""
        return len(self.working)

    @property
    def expected(self) -> int:
        """How many workers to cut the work for: those that are there, and those on their way from the window before."""
        arriving = time.monotonic() - self._opened < _ARRIVAL
        return max(self.taken, self._before if arriving else 0, 1)

    def open(self, template: Lease, count: int) -> None:
        """Begin a new window, with `count` leases to give out that are like `template` but for number and label."""
        excluded = tuple(self._bench.take_names())
        self._template = replace(template, excluded=excluded)
        self._before = sum(1 for name in self.working if name not in excluded)
        self._opened = time.monotonic()
        self._places.clear()
        self._due = [f"{number}/{count}" for number in range(1, count + 1)]

    def give_out(self) -> None:
        """Send the leases that are due.  Raises OperationalError while the broker is away; what is left stays due."""
        if not self._due:
            return
        while self._due:
            lease = replace(self._template, number=self._next_number, label=self._due[0])
            self._send(lease)
            self._places[lease.number] = _Place(lease.label, time.monotonic())
            self._next_number += 1
            del self._due[0]
        self.keep()

    def _send(self, lease: Lease) -> None:
        try:
            self._app.send_task(
                LEASE_TASK,
                args=[lease.to_json()],
                queue=QUEUE,
                shadow=lease.name,
                argsrepr=f"({lease.run}, {lease.name})",
                kwargsrepr="{}",
                expiration=None if self._redis else LEASE_LIFETIME,
            )
        except OperationalError:
            raise
        # A connection that breaks at the wrong moment leaves kombu with a channel without one, and any error may come
        # of that, now and for ever after. So begin afresh.
        except Exception as error:
            self._app.close()
            self._connect()
            raise OperationalError(f"{type(error).__name__}: {error}") from error

    def keep(self) -> None:
        """Have Celery's keys expire some time after our last sign, as all others do.  Raises QueueError."""
        if self._redis is not None:
            with self._redis.pipeline(transaction=False) as pipeline:
                for key in LEASE_KEYS:
                    pipeline.expire(key, LEASE_LIFETIME)
                pipeline.execute()

    def joined(self, number: int, worker: str) -> None:
        """Note who sits in a lease."""
        self._names[number] = worker
        if len(self._names) > _REMEMBERED:
            self._names.popitem(last=False)
        place = self._places.get(number)
        if place is None:  # of a window that is over
            return
        place.worker = worker
        place.heard = time.monotonic()
        if worker in self._bench and not place.vacant:
            # It will sit there idly, so that it does not take the same lease again and again.
            self._due.append(place.label)
        place.vacant = worker in self._bench

    def heard(self, number: int) -> None:
        """Note a sign of life."""
        place = self._places.get(number)
        if place is not None:
            place.heard = time.monotonic()
            place.vacant = place.worker in self._bench

    def name(self, number: int) -> str:
        """Return who sits or sat in a lease, or nothing if that is not known."""
        return self._names.get(number, "")

    def replied(self, number: int) -> None:
        """Note a reply."""
        place = self._places.get(number)
        if place is not None:
            place.worker = place.worker or f"lease {number}"  # if its name got lost
            self.heard(number)

    def left(self, number: int) -> None:
        """Have the place of a worker that went given to whoever is free."""
        place = self._places.pop(number, None)
        if place is not None and not place.vacant:
            self._due.append(place.label)

    def renew(self) -> None:
        """Have given out again what nobody had taken when the queue was lost."""
        for place in self._waiting():
            place.vacant = True  # until its worker turns up after all
            self._due.append(place.label)

    def replace_silent(self, since: float) -> list[str]:
        """Have given out again the leases whose workers have not been heard of since then; return these workers."""
        silent = [place for place in self._places.values() if place.worker and place.heard < since and not place.vacant]
        for place in silent:
            place.vacant = True
            # Not if another lease was given out for it before, and waits for somebody.
            if not any(other.label == place.label for other in self._waiting()):
                self._due.append(place.label)
        return [place.worker for place in silent]

    def replace_lost(self) -> None:
        """Have given out again the leases that a worker took from the queue and never sat in: it must have died.

        Raises OperationalError while the broker is away.
        """
        now = time.monotonic()
        waiting = self._waiting()
        if not waiting or now - self._counted < _NOT_TAKEN:
            return
        since = max(max(place.granted, place.heard) for place in waiting)
        if since < now - _NOT_TAKEN:
            self._counted = now
            # The queue may be full of other runs' leases, and never be empty.
            if since < now - _GIVEN_UP or self._queue_is_empty():
                self.renew()

    def _waiting(self) -> list[_Place]:
        """The leases that nobody has sat in yet."""
        return [place for place in self._places.values() if not place.worker and not place.vacant]

    def _queue_is_empty(self) -> bool:
        with self._app.connection_for_write() as connection:
            try:
                # Not passively: for Redis kombu then looks for a key without our prefix.
                queue: Any = self._app.amqp.queues[QUEUE].bind(connection.channel())
                return bool(queue.queue_declare().message_count == 0)
            except (*connection.connection_errors, *connection.channel_errors) as error:
                raise OperationalError(str(error)) from error

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()
        self._app.close()
