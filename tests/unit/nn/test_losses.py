"""Costs and their derivatives."""

from fractions import Fraction

import numpy as np
import pytest

from shared import Network
from shared.nn.losses import COSTS, LOSSES
from shared.nn.outputs import OUTPUTS
from shared.nn.tangents import Scratch
from tests.support import costs

PAIRS = [(output, loss) for loss in LOSSES for output in LOSSES[loss].outputs]


def applied(output: str, z: np.ndarray) -> np.ndarray:
    a = z.copy()
    OUTPUTS[output].apply(a)
    return a


def test_the_costs_derivative_is_the_difference():
    assert Network([1, 1]).cost_derivative(np.array([[0.75]]), np.array([[1.0]])).tolist() == [[-0.25]]


def test_the_quadratic_cost_worked_by_hand():
    # Two samples with (0.5, 1) and (0, 0.25) of error: (0.25 + 1 + 0 + 0.0625) / 2.
    a, y = np.array([[0.5, 0.0], [1.0, 0.25]]), np.zeros((2, 2))
    for output in LOSSES["quadratic"].outputs:
        assert LOSSES["quadratic"].costs(OUTPUTS[output], a, y).tolist() == [0.625, 0.03125]
        assert LOSSES["quadratic"].cost(OUTPUTS[output], a, y) == 0.65625


def test_the_cross_entropy_of_certain_outputs_is_finite_and_nothing_where_they_are_right():
    certain = np.array([[1.0, 0.0], [0.0, 1.0]])
    for output in LOSSES["cross-entropy"].outputs:
        right = LOSSES["cross-entropy"].costs(OUTPUTS[output], certain, certain)
        assert np.abs(right).max() <= COSTS.unit
        wrong = LOSSES["cross-entropy"].costs(OUTPUTS[output], certain, certain[::-1])
        assert (wrong > 27).all()
        assert np.isfinite(wrong).all()


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_costs_are_those_of_the_definition_but_for_their_grid(output, loss, dtype):
    a = applied(output, np.random.default_rng(0).uniform(-3, 3, (4, 50))).astype(dtype)
    y = costs.wanted(output, 4, 50, seed=1).astype(dtype)
    found = LOSSES[loss].costs(OUTPUTS[output], a, y)
    for sample in range(50):
        truth = costs.cost(output, loss, a[:, [sample]].astype(float), y[:, [sample]].astype(float))
        assert found[sample] == pytest.approx(truth, abs=16 * COSTS.unit)
    assert found.dtype == np.float64
    assert np.array_equal(np.rint(found / COSTS.unit), found / COSTS.unit)
    assert LOSSES[loss].cost(OUTPUTS[output], a, y) == pytest.approx(found.sum(), rel=1e-6)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.parametrize("n_samples", [30, 9000])
def test_the_cost_of_all_samples_is_the_same_however_they_are_cut(output, loss, n_samples):
    """Of outputs and wanted outputs on their grids, as in exact arithmetic. 9,000 are more than are squared at once."""
    z = np.random.default_rng(2).uniform(-20, 20, (8, n_samples))
    OUTPUTS[output].apply_on_grid(z, Scratch(z.shape))
    y = np.eye(8)[np.random.default_rng(3).integers(0, 8, n_samples)].T
    whole = LOSSES[loss].cost(OUTPUTS[output], z, y)
    parts = [slice(0, 1), slice(1, 13), slice(13, None)]
    costs_of_parts = [LOSSES[loss].cost(OUTPUTS[output], z[:, part], y[:, part]) for part in parts]
    if n_samples == 30 or loss != "quadratic":
        assert whole == sum(costs_of_parts) == sum(costs_of_parts[::-1])
    else:
        assert whole == pytest.approx(sum(costs_of_parts), abs=n_samples * COSTS.unit)


def test_squares_of_sigmoids_are_summed_exactly():
    """As many as are summed at once, and every distance as long as it can be and of as many bits."""
    a = 1 - np.random.default_rng(4).integers(1, 2**4, (8, 2**13)) * 2.0**-18
    truth = sum((Fraction(value) ** 2 for value in a.ravel().tolist()), Fraction(0)) / 2
    assert LOSSES["quadratic"].cost(OUTPUTS["sigmoid"], a, np.zeros_like(a)) == truth


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_delta_is_the_costs_slope_by_the_last_layers_sums(output, loss):
    z, y = np.random.default_rng(1).uniform(-2, 2, (3, 4)), costs.wanted(output, 3, 4, seed=2)
    a, delta, h = applied(output, z), np.full_like(z, np.nan), 1e-6
    kept = a.copy()
    LOSSES[loss].delta(OUTPUTS[output], a, y, delta)
    assert a.tolist() == kept.tolist()
    for place in np.ndindex(*z.shape):
        above, below = z.copy(), z.copy()
        above[place] += h
        below[place] -= h
        slope = costs.cost(output, loss, applied(output, above), y) - costs.cost(
            output, loss, applied(output, below), y
        )
        assert delta[place] == pytest.approx(slope / (2 * h), abs=1e-8)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_no_delta_exceeds_its_bound(output, loss):
    """Whatever comes out, and the least and the most is wanted."""
    z = np.linspace(-200, 200, 100_001)
    a = np.stack([z, -z])
    OUTPUTS[output].apply_on_grid(a, Scratch(a.shape))
    for wanted in (a.min(), a.max()):
        delta = np.empty_like(a)
        LOSSES[loss].delta(OUTPUTS[output], a, np.full_like(a, wanted), delta)
        assert np.abs(delta).max() <= LOSSES[loss].delta_bound(OUTPUTS[output])
