"""The learning rate over a run."""

import math

import pytest

from shared.optim.schedules import SCHEDULES, constant


def test_constant_is_1_at_every_step():
    assert [constant(step) for step in (0, 1, 10**9)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_gives_a_finite_factor_of_at_least_0_that_depends_on_the_step_alone(name):
    steps = (0, 1, 2, 99, 10**6)
    factors = [SCHEDULES[name](step) for step in steps]
    assert all(math.isfinite(factor) and factor >= 0 for factor in factors)
    assert [SCHEDULES[name](step) for step in reversed(steps)] == factors[::-1]
