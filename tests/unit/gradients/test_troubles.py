"""What people are told of troubles, and how often."""

import logging

import pytest

from coordinator.gradients.troubles import Troubles
from tests.support.clock import Clock

AGAIN = "all is there again; going on"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def troubles(clock, caplog) -> Troubles:
    caplog.set_level(logging.INFO, "coordinator")
    return Troubles(clock)


def test_one_that_comes_and_goes_all_the_time_is_told_of_every_five_seconds(troubles, clock, caplog):
    for _ in range(40):
        troubles.tell("nobody is there")
        troubles.over()
        clock.advance(0.5)
    assert [record.getMessage() for record in caplog.records] == ["nobody is there", AGAIN] * 4


def test_one_that_stays_is_told_of_however_often_it_came_before(troubles, clock, caplog):
    troubles.tell("nobody is there")
    troubles.over()
    for _ in range(60):
        clock.advance(0.1)
        troubles.tell("nobody is there")
    assert [record.getMessage() for record in caplog.records] == ["nobody is there", AGAIN, "nobody is there"]
    troubles.over()
    assert caplog.records[-1].getMessage() == AGAIN


def test_two_that_take_turns_are_told_of_once_each(troubles, clock, caplog):
    for _ in range(40):
        troubles.tell("Redis is away")
        troubles.tell("nobody is there")
        clock.advance(0.1)
    assert [record.getMessage() for record in caplog.records] == ["Redis is away", "nobody is there"]


def test_what_changes_in_each_of_them_is_not_remembered_for_ever(troubles, clock):
    for number in range(1000):
        troubles.tell(f"Redis refuses ({number})")
        clock.advance(0.1)
    assert len(troubles._when) <= 51
