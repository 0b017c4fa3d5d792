"""Who takes part."""

import logging
from collections.abc import Callable

import pytest

from coordinator.workers.membership import Membership, n_workers
from tests.support.clock import Clock

HINT = "more than %d take turns"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told(caplog) -> Callable[[], list[str]]:
    """What was logged so far: each line behind its worker."""
    caplog.set_level(logging.INFO, "coordinator")
    return lambda: [f"{getattr(record, 'worker', '')}: {record.getMessage()}" for record in caplog.records]


def test_a_worker_that_is_heard_of_takes_part_and_is_named_once(clock, told):
    membership = Membership(2, HINT, clock)
    membership.heard("a")
    membership.heard("a")
    membership.heard("b")
    assert len(membership) == 2
    assert told() == ["a: takes part (1 worker now)", "b: takes part (2 workers now)"]


def test_ten_seconds_without_a_word_and_a_worker_is_forgotten(clock, told):
    membership = Membership(2, HINT, clock)
    membership.heard("a")
    membership.heard("b")
    clock.advance(10)
    membership.forget_silent()
    assert len(membership) == 2  # just not yet
    membership.heard("b")
    clock.advance(0.1)
    membership.forget_silent()
    assert len(membership) == 1
    assert told()[2:] == ["a: is no longer heard of (1 worker now)"]


def test_a_worker_that_was_forgotten_may_come_back(clock, told):
    membership = Membership(2, HINT, clock)
    membership.heard("a")
    clock.advance(11)
    membership.forget_silent()
    assert len(membership) == 0
    membership.heard("a")
    assert len(membership) == 1
    assert told()[-1] == "a: takes part (1 worker now)"


def test_a_worker_that_leaves_is_named_with_the_reason_once(clock, told):
    membership = Membership(2, HINT, clock)
    membership.heard("a")
    membership.gone("a", "leaves")
    membership.gone("a", "does not answer")
    membership.gone("stranger", "leaves")
    assert told()[1:] == ["a: leaves (0 workers now)"]


def test_one_that_is_silent_now_and_then_is_told_of_every_five_seconds(clock, told):
    membership = Membership(2, HINT, clock)
    membership.heard("a")
    for _ in range(40):
        membership.gone("a", "does not answer")
        membership.forget_silent()
        clock.advance(0.25)
        membership.heard("a")
        clock.advance(0.25)
    pair = ["a: does not answer (0 workers now)", "a: takes part (1 worker now)"]
    assert told()[1:] == pair * 4


def test_one_that_stays_silent_is_told_of_in_any_case(clock, told):
    membership = Membership(2, HINT, clock)
    membership.heard("a")
    for _ in range(2):
        membership.gone("a", "does not answer")
        membership.heard("a")
    membership.gone("a", "does not answer")
    assert len(membership) == 0
    assert told()[-1] == "a: takes part (1 worker now)"
    clock.advance(5.1)
    for _ in range(2):
        membership.forget_silent()
    assert told()[3:] == ["a: does not answer (0 workers now)"]
    membership.heard("a")
    assert told()[4:] == ["a: takes part (1 worker now)"]


def test_one_that_leaves_is_told_of_at_once(clock, told):
    membership = Membership(2, HINT, clock)
    membership.heard("a")
    membership.gone("a", "does not answer")
    membership.heard("a")
    membership.gone("a", "leaves")
    assert told()[-1] == "a: leaves (0 workers now)"


def test_more_workers_than_can_be_busy_are_told_of_once(clock, told):
    membership = Membership(1, HINT, clock)
    for worker in ("a", "b", "c"):
        membership.heard(worker)
    assert [line for line in told() if "turns" in line] == [": more than 1 take turns"]


def test_as_many_workers_as_can_be_busy_need_no_hint(clock, told):
    membership = Membership(2, HINT, clock)
    membership.heard("a")
    membership.heard("b")
    assert not any("turns" in line for line in told())


@pytest.mark.parametrize(("count", "text"), [(0, "0 workers"), (1, "1 worker"), (2, "2 workers")])
def test_workers_are_counted_in_plain_english(count, text):
    assert n_workers(count) == text
