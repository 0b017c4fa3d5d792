"""A run's course, told from its events."""

import pytest

from coordinator.page.course import Interval, course_of
from coordinator.page.timeline import draw_timeline
from coordinator.runs import events as kinds
from coordinator.runs.events import Event
from tests.unit.reporting.test_lines import EPOCHS

STOPPED_FOR = 1000.0
EVENTS = [
    Event(100.0, kinds.BEGINS, epoch=0, step=0),
    Event(101.0, kinds.TROUBLE, text="no worker is there"),
    Event(104.0, kinds.JOINS, "a"),
    Event(104.0, kinds.RECOVERED),
    Event(105.0, kinds.JOINS, "b"),
    Event(106.0, kinds.TALLY, epoch=0, step=10, samples={"a": 30, "b": 10}),
    Event(106.5, kinds.PAUSES, "b", "is slow; it pauses for 10 s", seconds=10.0),
    Event(107.0, kinds.RETRIES, text="step 12: requesting again 1 of its gradients", count=1),
    Event(108.0, kinds.EPOCH, epoch=0, samples={"a": 20}),
    Event(109.0, kinds.LEAVES, "b"),
    Event(110.0, kinds.STOPS, epoch=1, step=3, samples={"a": 10}),
    Event(110.0 + STOPPED_FOR, kinds.BEGINS, epoch=1, step=3),
    Event(111.0 + STOPPED_FOR, kinds.JOINS, "c"),
    Event(113.0 + STOPPED_FOR, kinds.EPOCH, epoch=1, samples={"c": 50}),
]


@pytest.fixture
def course():
    return course_of(EVENTS, [])


def test_its_time_stands_still_while_nobody_drives_it(course):
    assert course.seconds == 13
    assert course.stops == [Interval(10.0, 10.0 + STOPPED_FOR, 0.0)]
    assert course.epochs == [8.0, 13.0]


def test_each_worker_has_its_work_from_when_there_was_somebody(course):
    lanes = {lane.name: lane for lane in course.lanes}
    assert [(lane.name, lane.samples) for lane in course.lanes] == [("a", 60), ("c", 50), ("b", 10)]
    assert lanes["a"].work == [Interval(4, 6, 0.75), Interval(6, 8, 1.0), Interval(8, 10, 1.0)]
    assert lanes["c"].work == [Interval(11, 13, 1.0)]
    assert [lane.since for lane in lanes.values()] == [4, 11, 4]


def test_joins_leaves_pauses_and_troubles_have_their_times(course):
    lanes = {lane.name: lane for lane in course.lanes}
    assert lanes["a"].presence == [Interval(4, 10, 0)]
    assert lanes["b"].presence == [Interval(5, 9, 0)]
    assert lanes["b"].pauses == [Interval(6.5, 9, 0)]  # no longer than it was there
    assert [(mark.time, mark.kind) for mark in lanes["b"].marks] == [(5, kinds.JOINS), (9, kinds.LEAVES)]
    assert [(mark.time, mark.kind) for mark in course.marks] == [(7, kinds.RETRIES)]
    assert course.troubles == [(Interval(1, 4, 0), "no worker is there")]


def test_a_pause_ends_early_when_its_worker_is_needed():
    course = course_of([*EVENTS[:7], Event(106.9, kinds.RETURNS, "b"), *EVENTS[7:]], [])
    assert [lane.pauses for lane in course.lanes if lane.name == "b"] == [[Interval(6.5, pytest.approx(6.9), 0)]]


def test_clocks_that_go_wrong_do_no_harm():
    events = [EVENTS[0], Event(1e300, kinds.JOINS, "a"), Event(50.0, kinds.TALLY, samples={"a": 1}), *EVENTS]
    events.append(Event(-1e300, kinds.PAUSES, "a", seconds=float("inf")))
    assert len(draw_timeline(course_of(events, []))) < 20_000


def test_without_events_the_epochs_tell_it():
    ledgers = [{"workers": {"a": {"samples": 30}, "b": {"samples": 10}}}, {"workers": {"a": {"samples": 40}}}]
    for metrics, ledger in zip(EPOCHS, ledgers, strict=False):
        metrics.ledger.update(ledger)
    course = course_of([], EPOCHS[:2])
    assert course.seconds == 2
    assert {lane.name: lane.work for lane in course.lanes} == {
        "a": [Interval(0, 1, 0.75), Interval(1, 2, 1.0)],
        "b": [Interval(0, 1, 0.25)],
    }


def test_nothing_is_drawn_of_a_run_that_nobody_has_computed():
    assert draw_timeline(course_of([], [])) == ""
    assert draw_timeline(course_of(EVENTS[:4], [])) != ""


def test_a_run_of_many_workers_has_a_drawing_that_one_can_look_at():
    names = [f"worker{number}" for number in range(200)]
    events = [Event(0.0, kinds.BEGINS)]
    events += [Event(float(second), kinds.TALLY, samples=dict.fromkeys(names, 5)) for second in range(1, 2000)]
    drawing = draw_timeline(course_of(events, []))
    assert drawing.count('class="work"') == 24
    assert len(drawing) < 400_000
