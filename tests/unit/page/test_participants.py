"""The page has one count of workers, from the run's beginning to its end."""

from coordinator.page.course import course_of
from coordinator.page.participants import participants, told
from coordinator.runs import events as kinds
from coordinator.runs.events import Event
from shared.accounting import COORDINATOR, EpochCounts

# Two workers, and after a resume two others: none of the epochs has had more than two.
EVENTS = [
    Event(0.0, kinds.BEGINS),
    Event(1.0, kinds.EPOCH, epoch=0, samples={"a": 30, "b": 10}),
    Event(2.0, kinds.STOPS, epoch=1),
    Event(9.0, kinds.BEGINS, epoch=1),
    Event(9.5, kinds.JOINS, "idle"),
    Event(10.0, kinds.EPOCH, epoch=1, samples={"c": 20, "d": 20}),
]


def epoch_of(*names: str) -> EpochCounts:
    counts = EpochCounts(len(names))
    for name in names:
        counts.answered(name, 10)
    return counts


def test_those_of_both_halves_of_a_run_are_counted():
    found = participants(course_of(EVENTS, []), [epoch_of("a", "b"), epoch_of("c", "d")])
    assert found == {"a", "b", "c", "d"}
    assert told(found, most=2) == "4 workers, at most 2 in an epoch"
    assert told(found, most=4) == "4 workers"


def test_those_of_which_the_events_do_not_tell_are_counted_and_those_of_an_epoch_that_is_not_recorded():
    evaluating = EpochCounts(1)
    evaluating.answered("e", 10, evaluates=True)
    assert participants(course_of(EVENTS, []), [epoch_of("a", "b"), evaluating]) == {*"abcde"}


def test_a_process_alone_is_no_worker():
    alone = participants(course_of([], []), [epoch_of(COORDINATOR)])
    assert told(alone, most=0) == ""
    assert told(alone | {"a"}, most=1) == "1 worker and one process without any"
