"""The course of a run in time, from its events: who was there, who computed what, what went wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from coordinator.runs import events as kinds
from coordinator.runs.events import Event
from shared.accounting import COORDINATOR
from shared.messaging.identities import name_of
from shared.training.metrics import EpochMetrics

_MARKED = (
    *(kinds.JOINS, kinds.LEAVES, kinds.SILENT, kinds.EXCLUDED, kinds.BACK, kinds.REJECTED),
    *(kinds.RETRIES, kinds.RESTARTED),
)


_OF_ID = 4  # digits


class Interval(NamedTuple):
    """Some time, and what share of its samples somebody has trained on: 1 for all."""

    begin: float
    end: float
    share: float


class Mark(NamedTuple):
    """Something that happened at a moment, for people."""

    time: float
    kind: str
    text: str


@dataclass
class Lane:
    """What is known of one worker."""

    name: str
    samples: int = 0
    work: list[Interval] = field(default_factory=list)
    presence: list[Interval] = field(default_factory=list)
    pauses: list[Interval] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def since(self) -> float:
        """When it was first heard of."""
        return min(
            [*(each.begin for each in (*self.work, *self.presence, *self.pauses)), *(mark.time for mark in self.marks)]
        )


@dataclass
class Course:
    """A run in seconds of its own time, which stands still while nobody drives the run."""

    lanes: list[Lane]  # those who computed most first
    marks: list[Mark]  # of nobody in particular
    epochs: list[float]  # when each that was recorded ended
    stops: list[Interval]  # where its time stood still, for so long
    troubles: list[tuple[Interval, str]]  # of the queue, and when they were over
    seconds: float
    events: list[tuple[float, Event]]  # all but tallies, by that time


def course_of(events: Sequence[Event], epochs: Sequence[EpochMetrics]) -> Course:
    """Return a run's course.  Without events it is told from its epochs: that is how long each took, and who did it."""
    if epochs and not any(event.samples for event in events):
        events = [*_from_epochs(epochs)]
    teller = _Teller()
    for event in events:
        teller.tell(event)
    return teller.end()


class _Teller:
    """Makes a course of events, one after the other."""

    def __init__(self) -> None:
        self._course = Course([], [], [], [], [], 0.0, [])
        self._lanes: dict[str, Lane] = {}
        self._offset: float | None = None  # what is added to a time for that of the run
        self._now = self._tallied = 0.0  # in the run's time, the latter at the latest tally
        self._present: dict[str, float] = {}  # since when, by worker
        self._trouble: Mark | None = None  # that is not over

    def tell(self, event: Event) -> None:
        if self._offset is None:
            self._offset = -event.time
        elif event.kind == kinds.BEGINS:
            self._goes_on(event.time)
        self._now = now = max(self._now, event.time + self._offset)
        self._computed(event)
        match event.kind:
            case kinds.BEGINS | kinds.TALLY | kinds.STOPS:
                self._tallied = now
            case kinds.BACK:
                self._tallied = now
                del self._course.epochs[event.epoch or 0 :]  # which come again
            case kinds.EPOCH:
                self._tallied = now
                self._course.epochs.append(now)
            case kinds.JOINS:
                if not self._present:
                    self._tallied = now  # nobody has computed anything since
                self._present.setdefault(event.worker, now)
            case kinds.LEAVES | kinds.SILENT:
                self._leaves(event.worker)
            case kinds.PAUSES:
                self._pauses_end(self._lane(event.worker))
                self._lane(event.worker).pauses.append(Interval(now, now + event.seconds, 0.0))
            case kinds.RETURNS:
                self._pauses_end(self._lane(event.worker))
            case kinds.TROUBLE:
                self._troubles_end()
                self._trouble = Mark(now, event.kind, event.text)
            case kinds.RECOVERED:
                self._troubles_end()
            case _:
                pass
        if event.kind not in (kinds.TALLY, kinds.EPOCH):
            self._course.events.append((now, event))
        if event.kind in _MARKED:
            marks = self._lane(event.worker).marks if event.worker else self._course.marks
            marks.append(Mark(now, event.kind, event.text))

    def end(self) -> Course:
        """Return the course up to the latest event."""
        self._all_leave()
        self._course.lanes = sorted(self._lanes.values(), key=lambda lane: (-lane.samples, lane.name))
        self._course.seconds = self._now
        return self._course

    def _goes_on(self, time: float) -> None:
        """Leave out the time in which nobody drove the run."""
        assert self._offset is not None
        self._all_leave()
        idle = max(0.0, time + self._offset - self._now)
        self._course.stops.append(Interval(self._now, self._now + idle, 0.0))
        self._offset -= idle

    def _computed(self, event: Event) -> None:
        total = sum(event.samples.values())
        for name, samples in event.samples.items():
            lane = self._lane(name)
            lane.samples += samples
            lane.work.append(Interval(self._tallied, self._now, samples / total))
            self._present.setdefault(name, self._tallied)

    def _leaves(self, worker: str) -> None:
        since = self._present.pop(worker, None)
        if since is not None:
            self._lane(worker).presence.append(Interval(since, self._now, 0.0))
            self._pauses_end(self._lane(worker))

    def _all_leave(self) -> None:
        for worker in [*self._present]:
            self._leaves(worker)
        for lane in self._lanes.values():
            self._pauses_end(lane)
        self._troubles_end()

    def _pauses_end(self, lane: Lane) -> None:
        """End the latest pause now, if it is not over."""
        if lane.pauses:
            lane.pauses[-1] = lane.pauses[-1]._replace(end=min(lane.pauses[-1].end, self._now))

    def _troubles_end(self) -> None:
        if self._trouble is not None:
            self._course.troubles.append((Interval(self._trouble.time, self._now, 0.0), self._trouble.text))
            self._trouble = None

    def _lane(self, name: str) -> Lane:
        return self._lanes.setdefault(name, Lane(name))


def _from_epochs(epochs: Sequence[EpochMetrics]) -> Iterator[Event]:
    """Yield the events that epochs stand for, one after the other without a break."""
    now = 0.0
    yield Event(now, kinds.BEGINS)
    for metrics in epochs:
        now += metrics.seconds
        counts = {name: int(each["samples"]) for name, each in metrics.ledger["workers"].items() if each["samples"]}
        yield Event(now, kinds.EPOCH, epoch=metrics.epoch, samples=counts)


def shown_name(worker: str) -> str:
    """Return how a worker is called on the page: by its name, and as much of its id as tells it from its like."""
    if worker == COORDINATOR:
        return "this process"
    name = name_of(worker)
    return worker if name == worker else worker[: len(name) + 1 + _OF_ID]  # who is not known has no id
