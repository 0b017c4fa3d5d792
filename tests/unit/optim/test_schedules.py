"""The learning rate over a run."""

import math

import pytest

from shared.optim.schedules import SCHEDULES, constant


def test_constant_is_1_at_every_step():
    assert [constant(step, 10**9) for step in (0, 1, 10**9 - 1)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("n_steps", [1, 100, 10**6])
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_gives_a_finite_factor_of_at_least_0_that_depends_on_the_step_and_their_number_alone(
    name, n_steps
):
    steps = sorted({0, n_steps // 2, n_steps - 1})
    factors = [SCHEDULES[name](step, n_steps) for step in steps]
    assert all(math.isfinite(factor) and factor >= 0 for factor in factors)
    assert [SCHEDULES[name](step, n_steps) for step in reversed(steps)] == factors[::-1]
