"""Seats given out through Celery, and who sits in them."""

import time
from dataclasses import dataclass, replace
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from shared.messages import SEAT_TASK, Seat
from shared.queue import QUEUE, celery_settings

_ARRIVAL = 0.25  # seconds that workers may take from one span to the next
_NOT_TAKEN = 5.0  # seconds after which a seat that is in no queue and that nobody took counts as lost


@dataclass
class _Place:
    """What is known of one seat that was given out."""

    label: str  # which of how many, for people: 1/2
    granted: float  # when, by the monotonic clock
    worker: str = ""  # who took it; empty until then
    heard: float = 0.0  # when last, by the monotonic clock
    replaced: bool = False  # silent for so long that another was given out for it


class Seats:
    """The seats of the current span. All but `give_out` and `replace_lost` only note what is to be done."""

    def __init__(self, broker: str) -> None:
        self._app = Celery("coordinator", set_as_current=False)
        self._app.conf.update(celery_settings(broker), broker_pool_limit=1)
        self._template: Seat
        self._places: dict[int, _Place] = {}
        self._due: list[str] = []  # labels of the seats still to be given out
        self._opened = 0.0
        self._next_number = 0
        self._before = 0  # seats taken in the span before

    @property
    def taken(self) -> int:
        """How many seats have a worker in them."""
        return sum(1 for place in self._places.values() if place.worker and not place.replaced)

    @property
    def expected(self) -> int:
        """How many workers to cut the work for: those that are there, and those on their way from the span before."""
        arriving = time.monotonic() - self._opened < _ARRIVAL
        return max(self.taken, self._before if arriving else 0, 1)

    def open(self, template: Seat, count: int) -> None:
        """Begin a new span, with `count` seats to give out that are like `template` but for number and label."""
        self._template, self._before, self._opened = template, self.taken, time.monotonic()
        self._places.clear()
        self._due = [f"{number}/{count}" for number in range(1, count + 1)]

    def give_out(self) -> None:
        """Send the seats that are due.  Raises OperationalError while the broker is away; what is left stays due."""
        while self._due:
            seat = replace(self._template, number=self._next_number, label=self._due[0])
            self._app.send_task(
                SEAT_TASK,
                args=[seat.to_json()],
                queue=QUEUE,
                shadow=seat.name,
                argsrepr=f"({seat.run}, {seat.name})",
                kwargsrepr="{}",
            )
            self._places[seat.number] = _Place(seat.label, time.monotonic())
            self._next_number += 1
            del self._due[0]

    def joined(self, number: int, worker: str) -> None:
        """Note who sits in a seat."""
        if number in self._places:
            self._places[number].worker = worker
            self.heard(number)

    def heard(self, number: int) -> str:
        """Note a sign of life; return who gave it, nothing for a seat of another span."""
        place = self._places.get(number)
        if place is None:
            return ""
        place.heard = time.monotonic()
        place.replaced = False
        return place.worker

    def replied(self, number: int) -> str:
        """Note a reply; return who gave it."""
        if number in self._places:
            self._places[number].worker = self._places[number].worker or f"seat {number}"  # if its name got lost
        return self.heard(number)

    def left(self, number: int) -> None:
        """Have the place of a worker that went given to whoever is free."""
        place = self._places.pop(number, None)
        if place is not None and not place.replaced:
            self._due.append(place.label)

    def renew(self) -> None:
        """Have given out again what nobody had taken when the queue was lost."""
        for number in [number for number, place in self._places.items() if not place.worker]:
            self.left(number)

    def replace_silent(self, since: float) -> list[str]:
        """Have given out again the seats whose workers have not been heard of since then; return these workers."""
        silent = [place for place in self._places.values() if place.worker and place.heard < since]
        silent = [place for place in silent if not place.replaced]
        for place in silent:
            place.replaced = True
            self._due.append(place.label)
        return [place.worker for place in silent]

    def replace_lost(self) -> None:
        """Have given out again the seats that a worker took from the queue and never sat in: it must have died.

        Raises OperationalError while the broker is away.
        """
        since = time.monotonic() - _NOT_TAKEN
        waiting = [place for place in self._places.values() if not place.worker]
        if waiting and all(max(place.granted, place.heard) < since for place in waiting) and self._queue_is_empty():
            self.renew()

    def _queue_is_empty(self) -> bool:
        with self._app.connection_for_write() as connection:
            try:
                # Not passively: for Redis kombu then looks for a key without our prefix.
                queue: Any = self._app.amqp.queues[QUEUE].bind(connection.channel())
                return bool(queue.queue_declare().message_count == 0)
            except (*connection.connection_errors, *connection.channel_errors) as error:
                raise OperationalError(str(error)) from error

    def close(self) -> None:
        self._app.close()
