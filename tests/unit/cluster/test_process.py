"""When a process of the cluster that has ended is started again."""

import signal

import pytest

from coordinator.cluster.process import RestartPolicy


class Clock:
    now = 100.0  # seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def policy(clock: Clock) -> RestartPolicy:
    return RestartPolicy(clock)


def life(policy: RestartPolicy, clock: Clock, seconds: float, exit_code: int = 1) -> bool:
    """Let the process live that long; tell whether it is started again."""
    policy.started()
    clock.now += seconds
    return policy.allows(exit_code)


def test_the_third_short_life_in_a_row_is_the_last(policy, clock):
    assert [life(policy, clock, 1) for _ in range(3)] == [True, True, False]


def test_a_long_life_makes_up_for_the_short_ones(policy, clock):
    assert [life(policy, clock, seconds) for seconds in (1, 1, 11, 1, 1, 1)] == [True] * 5 + [False]


def test_an_end_without_an_error_is_no_better(policy, clock):
    assert [life(policy, clock, 1, exit_code=0) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_who_was_killed_comes_again_as_often_as_it_takes(policy, clock, number):
    assert all(life(policy, clock, 1, exit_code=-number) for _ in range(20))
