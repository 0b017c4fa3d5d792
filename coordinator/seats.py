"""Seats given out through Celery, and who sits in them."""

import time
from dataclasses import dataclass, replace
from typing import Any

from celery import Celery

from shared.messages import SEAT_TASK, Seat
from shared.queue import QUEUE, celery_settings

_ARRIVAL = 0.25  # seconds that workers may take from one span to the next
_NOT_TAKEN = 5.0  # seconds after which a seat that is in no queue and that nobody took counts as lost


@dataclass
class _Place:
    """What is known of one seat."""

    label: str
    granted: float  # when, by the monotonic clock
    worker: str = ""  # who took it; empty until then
    heard: float = 0.0  # when last, by the monotonic clock


class Seats:
    """The seats of the current span.  Raises kombu's OperationalError while the broker is away."""

    def __init__(self, broker: str) -> None:
        self._app = Celery("coordinator", set_as_current=False)
        self._app.conf.update(celery_settings(broker), broker_pool_limit=1)
        self._template: Seat
        self._places: dict[int, _Place] = {}
        self._opened = 0.0
        self._next_number = 0
        self._before = 0  # seats taken in the span before
        self.workers: set[str] = set()  # everyone who gave a reply since `workers` was last cleared

    @property
    def taken(self) -> int:
        """How many seats have a worker in them."""
        return sum(1 for place in self._places.values() if place.worker)

    @property
    def expected(self) -> int:
        """How many workers to cut the work for: those that are there, and those on their way from the span before."""
        arriving = time.monotonic() - self._opened < _ARRIVAL
        return max(self.taken, self._before if arriving else 0, 1)

    def open(self, template: Seat, count: int) -> None:
        """Give out `count` seats of a new span, which are like `template` but for their numbers."""
        self._template, self._before, self._opened = template, self.taken, time.monotonic()
        self._places.clear()
        for number in range(1, count + 1):
            self._grant(f"{number}/{count}")

    def joined(self, number: int, worker: str) -> None:
        if number in self._places:
            self._places[number].worker = worker
            self.heard(number)

    def heard(self, number: int) -> None:
        """Note a sign of life."""
        if number in self._places:
            self._places[number].heard = time.monotonic()

    def replied(self, number: int) -> None:
        """Note a reply, and with it the worker as one of this epoch's."""
        place = self._places.get(number)
        if place is not None:
            place.heard = time.monotonic()
            if place.worker:
                self.workers.add(place.worker)

    def left(self, number: int) -> None:
        """Give the place of a worker that went to whoever is free."""
        if number in self._places:
            self._grant(self._places.pop(number).label)

    def renew(self) -> None:
        """Give out again what nobody had taken when the queue was lost."""
        for number, place in list(self._places.items()):
            if not place.worker:
                self.left(number)

    def replace_silent(self, since: float) -> int:
        """Give out again the seats whose workers have not been heard of since then; return their number."""
        silent = [number for number, place in self._places.items() if place.worker and place.heard < since]
        for number in silent:
            self.left(number)
        return len(silent)

    def replace_lost(self) -> None:
        """Give out again the seats that a worker took from the queue and never sat in: it must have died."""
        due = time.monotonic() - _NOT_TAKEN
        waiting = [place for place in self._places.values() if not place.worker]
        if waiting and all(max(place.granted, place.heard) < due for place in waiting) and self._queue_is_empty():
            self.renew()

    def _grant(self, label: str) -> None:
        number = self._next_number
        self._next_number += 1
        seat = replace(self._template, number=number, label=label)
        self._app.send_task(
            SEAT_TASK,
            args=[seat.to_json()],
            queue=QUEUE,
            shadow=seat.name,
            argsrepr=f"({seat.run}, {seat.name})",
            kwargsrepr="{}",
        )
        self._places[number] = _Place(label, time.monotonic())

    def _queue_is_empty(self) -> bool:
        with self._app.connection_for_write() as connection:
            try:
                channel: Any = connection.channel()
                return bool(channel.queue_declare(QUEUE, passive=True).message_count == 0)
            except connection.channel_errors:  # Redis has no empty lists
                return True

    def close(self) -> None:
        self._app.close()
