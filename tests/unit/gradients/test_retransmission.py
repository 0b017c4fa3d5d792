"""The retransmission timer: RFC 6298's numbers by hand."""

import pytest

from coordinator.gradients.retransmission import RetransmissionTimer


def timer_after(*seconds: float) -> RetransmissionTimer:
    timer = RetransmissionTimer()
    for each in seconds:
        timer.add(each)
    return timer


def test_before_any_measurement_the_timeout_is_ten_seconds():
    assert RetransmissionTimer().timeout == 10
    assert RetransmissionTimer().mean is None


def test_the_first_measurement_is_the_mean_and_half_of_it_the_deviation():
    timer = timer_after(2.0)
    assert timer.mean == 2
    assert timer.timeout == 2 * 2 + 4 * 1


def test_a_second_measurement_moves_the_mean_by_an_eighth_and_the_deviation_by_a_quarter():
    timer = timer_after(2.0, 6.0)
    assert timer.mean == 2 + (6 - 2) / 8  # 2.5
    # The deviation is from the mean before: 1 + (4 - 1) / 4.
    assert timer.timeout == 2 * 2.5 + 4 * 1.75


def test_a_third_measurement_goes_on_from_the_second():
    timer = timer_after(2.0, 6.0, 0.5)
    assert timer.mean == 2.25
    assert timer.timeout == 2 * 2.25 + 4 * (1.75 + (2 - 1.75) / 4)


def test_steady_steps_leave_twice_their_time():
    timer = timer_after(*[3.0] * 100)
    assert timer.mean == 3
    assert timer.timeout == pytest.approx(6)


def test_fast_steps_leave_a_third_of_a_second_at_least():
    assert timer_after(0.001).timeout == 0.3


def test_slow_steps_leave_a_minute_at_most():
    assert timer_after(100.0).timeout == 60


def test_a_timeout_that_is_over_doubles_up_to_a_minute():
    timer = timer_after(2.0)
    timeouts = []
    for _ in range(5):
        timeouts.append(timer.timeout)
        timer.expired()
    assert timeouts == [8, 16, 32, 60, 60]


def test_the_first_timeout_doubles_too():
    timer = RetransmissionTimer()
    timer.expired()
    assert timer.timeout == 20


def test_a_step_in_time_ends_the_doubling():
    timer = timer_after(2.0, 2.0)
    undisturbed = timer.timeout
    timer.expired()
    timer.expired()
    timer.add(2.0)
    assert timer.timeout < undisturbed  # because the deviation shrinks
    assert timer.mean == 2


def test_no_number_of_doublings_is_too_large():
    timer = timer_after(0.001)
    for _ in range(5000):
        timer.expired()
    assert timer.timeout == 60
