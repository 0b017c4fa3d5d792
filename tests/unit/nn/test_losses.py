"""Costs and their derivatives."""

from itertools import product

import numpy as np
import pytest

from shared import Network
from shared.nn.activations import ACTIVATIONS
from shared.nn.losses import LOSSES
from shared.nn.tangents import Scratch


def test_the_costs_derivative_is_the_difference():
    assert Network([1, 1]).cost_derivative(np.array([[0.75]]), np.array([[1.0]])).tolist() == [[-0.25]]


def test_the_quadratic_cost_worked_by_hand():
    # Two samples with (0.5, 1) and (0, 0.25) of error: (0.25 + 1 + 0 + 0.0625) / 2.
    a, y = np.array([[0.5, 0.0], [1.0, 0.25]]), np.zeros((2, 2))
    assert LOSSES["quadratic"].value(a, y) == 0.65625


@pytest.mark.parametrize("loss", LOSSES)
def test_a_cost_is_summed_over_the_samples(loss):
    rng = np.random.default_rng(0)
    a, y = rng.uniform(0.1, 0.9, (3, 4)), rng.uniform(0.1, 0.9, (3, 4))
    singles = [LOSSES[loss].value(a[:, [sample]], y[:, [sample]]) for sample in range(4)]
    assert LOSSES[loss].value(a, y) == pytest.approx(sum(singles), rel=1e-14)


@pytest.mark.parametrize(("activation", "loss"), list(product(ACTIVATIONS, LOSSES)))
def test_delta_is_the_costs_slope_by_the_last_layers_sums(activation, loss):
    rng = np.random.default_rng(1)
    z, y = rng.uniform(-2, 2, (3, 4)), rng.uniform(0.1, 0.9, (3, 4))

    def cost(z: np.ndarray) -> float:
        a = z.copy()
        ACTIVATIONS[activation].apply(a)
        return LOSSES[loss].value(a, y)

    a, delta, h = z.copy(), np.full_like(z, np.nan), 1e-6
    ACTIVATIONS[activation].apply(a)
    kept = a.copy()
    LOSSES[loss].delta(ACTIVATIONS[activation], a, y, delta)
    assert a.tolist() == kept.tolist()
    for place in np.ndindex(*z.shape):
        above, below = z.copy(), z.copy()
        above[place] += h
        below[place] -= h
        assert delta[place] == pytest.approx((cost(above) - cost(below)) / (2 * h), abs=1e-8)


@pytest.mark.parametrize(("activation", "loss"), list(product(ACTIVATIONS, LOSSES)))
def test_no_delta_exceeds_its_bound(activation, loss):
    """Whatever comes out, and the least and the most is wanted."""
    a = np.linspace(-20, 20, 100_001)[None, :]
    ACTIVATIONS[activation].tangents.look_up(a, Scratch(a.shape))
    for wanted in (a.min(), a.max()):
        delta = np.empty_like(a)
        LOSSES[loss].delta(ACTIVATIONS[activation], a, np.full_like(a, wanted), delta)
        assert np.abs(delta).max() <= LOSSES[loss].delta_bound(ACTIVATIONS[activation])
