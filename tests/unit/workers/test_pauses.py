"""Who gets no work for a while, and whether that is of any use."""

import logging
from itertools import pairwise

import pytest

from coordinator.workers.pauses import Pauses
from tests.support.clock import Clock


class Told:
    """A run whose steps take so long with a worker, and so long without it."""

    def __init__(self, with_it: float, without_it: float) -> None:
        self.clock = Clock()
        self.pauses = Pauses(self.clock)
        self.with_it, self.without_it = with_it, without_it
        self.back: list[tuple[float, str]] = []  # who got work again, and when

    def run(self, seconds: float) -> None:
        """Take steps for so long."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            step = self.without_it if self.pauses.workers else self.with_it
            self.clock.advance(step)
            self.pauses.stepped(step)
            self.back += [(self.clock.now, worker) for worker in self.pauses.review()]

    def begin(self, worker: str = "slow") -> bool:
        return self.pauses.begin(worker, "is slow")


@pytest.fixture(autouse=True)
def _all_lines(caplog):
    caplog.set_level(logging.INFO, "coordinator")


def test_a_worker_without_which_steps_are_shorter_pauses(caplog):
    told = Told(with_it=0.010, without_it=0.004)
    told.run(3)
    assert told.begin()
    assert told.pauses.workers == {"slow"}
    assert not caplog.records  # nobody knows yet whether it is of use
    told.run(3)
    (line,) = caplog.records
    assert line.getMessage() == "is slow; a step takes 4 ms without it, 10 with it; it pauses for 10 s"
    assert (line.worker, line.event, line.seconds) == ("slow", "pauses", 10.0)
    told.run(9)
    assert told.pauses.workers == {"slow"}
    told.run(1)
    assert not told.pauses.workers
    assert len(caplog.records) == 1


@pytest.mark.parametrize("without_it", [0.0095, 0.010, 0.030])
def test_a_worker_without_which_steps_are_no_shorter_gets_work_again_within_three_seconds(caplog, without_it):
    told = Told(0.010, without_it)
    told.run(3)
    told.begin()
    began = told.clock.now
    told.run(3)
    ((when, worker),) = told.back
    assert worker == "slow"
    assert when - began < 2.6
    assert not told.pauses.workers
    assert not caplog.records  # it has not paused


def test_after_a_trial_in_vain_the_next_one_waits_and_each_time_twice_as_long():
    told = Told(0.1, 0.1)
    begun = []
    while len(begun) < 9:
        told.run(0.5)
        if told.begin():
            begun.append(told.clock.now)
    waits = [after - before for before, after in pairwise(begun)]
    assert waits == pytest.approx([10, 20, 40, 80, 160, 320, 600, 600], abs=3.5)


def test_what_a_worker_holds_up_now_and_then_counts():
    """The median of the steps would not show it."""
    told = Told(0.010, 0.010)
    for _ in range(20):
        told.run(0.19)
        told.clock.advance(0.3)  # without a reply
        told.pauses.stepped(0.3)
    told.begin()
    told.run(3)
    assert told.pauses.workers == {"slow"}


def test_pauses_double_and_begin_anew_for_who_has_worked_ten_times_as_long(caplog):
    told = Told(0.1, 0.04)
    for _ in range(3):
        told.run(3)
        assert told.begin()
        told.run(3)
        while told.pauses.workers:
            told.run(0.5)
    told.run(410)
    told.begin()
    told.run(3)
    assert [line.seconds for line in caplog.records] == [10, 20, 40, 10]


def test_long_steps_are_judged_by_five():
    told = Told(5.0, 3.0)
    told.run(20)
    assert not told.begin()  # of four nothing follows
    told.run(5)
    assert told.begin()
    told.run(12)
    assert told.pauses.workers == {"slow"}
    told.run(6)
    assert told.pauses._trial is None


def test_one_worker_is_tried_at_a_time_and_nobody_else_comes_meanwhile(caplog):
    told = Told(0.010, 0.004)
    told.run(3)
    told.begin("first")
    told.run(12)
    assert told.begin("second")
    assert not told.begin("third")
    told.run(2)  # in which the first's pause is over
    assert told.pauses.workers == {"first", "second"}
    told.without_it = 0.001
    told.run(1)
    assert told.pauses.workers == {"second"}
    assert told.back[-1][1] == "first"


def test_when_nobody_else_is_there_pauses_end_and_that_is_said(caplog):
    told = Told(0.010, 0.004)
    told.run(3)
    told.begin()
    told.run(3)
    assert told.pauses.end_all() == ["slow"]
    assert not told.pauses.workers
    assert caplog.records[-1].getMessage() == "gets work again before its pause is over: nobody else is there"
    assert caplog.records[-1].event == "returns"
    told.run(3)
    told.begin()
    told.run(3)
    assert caplog.records[-1].seconds == 10.0  # as long as that one was to be


def test_a_trial_ends_without_a_word_when_nobody_else_is_there(caplog):
    told = Told(0.010, 0.004)
    told.run(3)
    told.begin()
    assert told.pauses.end_all() == ["slow"]
    told.run(5)
    assert not told.pauses.workers
    assert not caplog.records
