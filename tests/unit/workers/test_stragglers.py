"""Who pauses, and for how long."""

from collections.abc import Callable

import pytest

from coordinator.workers.stragglers import Stragglers
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stragglers(clock) -> Stragglers:
    return Stragglers(clock)


@pytest.fixture
def reply(stragglers, clock) -> Callable[..., None]:
    """Have each worker reply so many times, so long apart, each time with a shard that took so many seconds."""

    def act(times: int = 15, apart: float = 0.1, **seconds: float) -> None:
        for _ in range(times):
            clock.advance(apart)
            for worker, each in seconds.items():
                stragglers.replied(worker, each)

    return act


def test_who_takes_three_times_as_long_as_the_others_pauses(stragglers, reply, caplog):
    reply(fast=0.010, slow=0.030)
    stragglers.review(["fast", "slow"])
    assert stragglers.pausing == {"slow"}
    (line,) = caplog.records
    assert line.worker == "slow"
    assert line.getMessage() == "takes 3.0 times as long as the others; it pauses for 10 s"


def test_who_takes_a_little_less_does_not(stragglers, reply):
    reply(fast=0.010, slow=0.029)
    stragglers.review(["fast", "slow"])
    assert not stragglers.pausing


def test_less_than_a_millisecond_is_nothing(stragglers, reply):
    reply(fast=0.0001, sleepy=0.0009)
    stragglers.review(["fast", "sleepy"])
    assert not stragglers.pausing


def test_fifteen_replies_are_needed_to_judge(stragglers, reply):
    reply(15, fast=0.001)
    reply(14, slow=0.010)
    stragglers.review(["fast", "slow"])
    assert not stragglers.pausing
    reply(1, slow=0.010)
    stragglers.review(["fast", "slow"])
    assert stragglers.pausing == {"slow"}


def test_replies_that_come_at_once_count_as_one(stragglers, reply):
    reply(15, fast=0.001)
    reply(100, apart=0.001, slow=0.010)
    stragglers.review(["fast", "slow"])
    assert not stragglers.pausing


def test_who_is_held_up_for_a_while_is_not_slow(stragglers, reply):
    """As happens on a busy machine: the median of fifteen does not mind seven."""
    reply(15, steady=0.001)
    reply(8, shaken=0.001)
    reply(7, shaken=0.5)
    stragglers.review(["steady", "shaken"])
    assert not stragglers.pausing
    reply(1, shaken=0.5)
    stragglers.review(["steady", "shaken"])
    assert stragglers.pausing == {"shaken"}


def test_who_is_alone_holds_up_nobody(stragglers, reply):
    reply(fast=0.001, slow=1.0)
    stragglers.review(["slow"])
    stragglers.review([])
    assert not stragglers.pausing


def test_who_went_is_no_measure_for_the_others(stragglers, reply):
    reply(gone=0.001, fast=0.010, slow=0.020)
    stragglers.review(["fast", "slow"])
    assert not stragglers.pausing


def test_only_the_slowest_pauses_and_the_others_median_is_the_measure(stragglers, reply):
    reply(a=0.001, b=0.010, c=0.012, d=0.040, e=0.050)
    stragglers.review("abcde")
    assert stragglers.pausing == {"e"}  # 0.050 against 0.011
    stragglers.review("abcd")
    assert stragglers.pausing == {"e", "d"}  # 0.040 against 0.010


def test_a_pause_ends_after_its_time(stragglers, reply, clock):
    reply(fast=0.001, slow=0.010)
    stragglers.review(["fast", "slow"])
    clock.advance(10)
    stragglers.review(["fast"])
    assert stragglers.pausing == {"slow"}
    clock.advance(0.1)
    stragglers.review(["fast"])
    assert not stragglers.pausing


def test_pauses_of_one_worker_double_up_to_ten_minutes(stragglers, reply, clock, caplog):
    for _ in range(8):
        reply(fast=0.001, slow=0.010)
        stragglers.review(["fast", "slow"])
        assert stragglers.pausing == {"slow"}
        clock.advance(601)
        stragglers.review(["fast"])
        assert not stragglers.pausing
    pauses = [record.getMessage().rsplit("pauses for ")[1] for record in caplog.records]
    assert pauses == ["10 s", "20 s", "40 s", "80 s", "160 s", "320 s", "600 s", "600 s"]


def test_one_workers_pauses_do_not_lengthen_anothers(stragglers, reply, clock, caplog):
    reply(fast=0.001, slow=0.010)
    stragglers.review(["fast", "slow"])
    reply(fast=0.001, late=0.010)
    stragglers.review(["fast", "late"])
    assert [record.getMessage()[-4:] for record in caplog.records] == ["10 s", "10 s"]


def test_after_a_pause_a_worker_is_judged_anew(stragglers, reply, clock):
    reply(fast=0.001, slow=0.010)
    stragglers.review(["fast", "slow"])
    clock.advance(11)
    reply(14, slow=0.010)
    stragglers.review(["fast", "slow"])
    assert not stragglers.pausing
    reply(1, slow=0.010)
    stragglers.review(["fast", "slow"])
    assert stragglers.pausing == {"slow"}


def test_when_nobody_else_is_there_all_pauses_end(stragglers, reply):
    reply(fast=0.001, slow=0.010)
    stragglers.review(["fast", "slow"])
    stragglers.end_pauses()
    assert not stragglers.pausing


def test_any_number_of_workers_is_measured_in_little_memory(stragglers):
    for number in range(5000):
        stragglers.replied(f"invented:{number}", 1.0)
    assert len(stragglers._times) <= 1000
    assert len(stragglers._noted) <= 1000
