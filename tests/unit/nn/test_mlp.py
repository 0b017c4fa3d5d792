"""The formulas against a slow truth: a loop over samples and neurons, finite differences, and numbers by hand.

In native arithmetic, whose numbers are those of the formulas. Exact arithmetic has a truth of its own: `test_exact`.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic.native import Native
from shared.nn.losses import LOSSES
from shared.nn.mlp import MLP
from shared.nn.outputs import OUTPUTS
from shared.nn.parameters import Parameters
from tests.support import costs
from tests.support.exact import architecture

KINDS = [(activation, output, loss) for activation in ACTIVATIONS for loss in LOSSES for output in LOSSES[loss].outputs]


def mlp_of(parameters: Parameters, *kinds: str) -> MLP:
    made_of = architecture(parameters.sizes, *kinds)
    return MLP(made_of, Native(made_of, parameters.dtype, 1))


def problem(sizes: tuple[int, ...], n_samples: int, seed: int) -> tuple[Parameters, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    parameters = Parameters(sizes, np.float64)
    parameters.flat[:] = rng.standard_normal(len(parameters.flat))
    return parameters, rng.random((sizes[0], n_samples)), rng.random((sizes[-1], n_samples))


def gradient(parameters: Parameters, x: np.ndarray, y: np.ndarray, *kinds: str) -> Parameters:
    result = Parameters(parameters.sizes, parameters.dtype)
    mlp_of(parameters, *kinds).backward(parameters, x, y, result)
    return result


def one(value: float) -> np.ndarray:
    return np.array([[value]])


def slow_output(activation: str, z: float) -> tuple[float, float]:
    """A neuron's output, and its derivative by the sum."""
    a = one(z)
    ACTIVATIONS[activation].apply(a)
    slope = np.empty_like(a)
    ACTIVATIONS[activation].derivative(a, slope)
    return float(a[0, 0]), float(slope[0, 0])


def slow_last(output: str, sums: list[float]) -> np.ndarray:
    """The last layer's outputs as a column."""
    a = np.array(sums)[:, None]
    OUTPUTS[output].apply(a)
    return a


def slow_gradient(
    parameters: Parameters, x: np.ndarray, y: np.ndarray, activation: str, output: str, loss: str
) -> Parameters:
    """Sum the gradient sample by sample and neuron by neuron, in Python's own floats."""
    total = Parameters(parameters.sizes, np.float64)
    last = len(parameters.weights) - 1
    for sample in range(x.shape[1]):
        outputs, slopes = [[float(value) for value in x[:, sample]]], [[]]
        for layer, (w, b) in enumerate(zip(parameters.weights, parameters.biases, strict=True)):
            sums = [sum(float(w[j, k]) * a for k, a in enumerate(outputs[-1])) + float(b[j, 0]) for j in range(len(b))]
            if layer < last:
                found = [slow_output(activation, z) for z in sums]
                outputs.append([a for a, _ in found])
                slopes.append([slope for _, slope in found])
        out = np.empty((len(sums), 1))
        LOSSES[loss].delta(OUTPUTS[output], slow_last(output, sums), y[:, [sample]], out)
        delta = [float(value) for value in out[:, 0]]
        for layer in range(last, -1, -1):
            for j, d in enumerate(delta):
                total.biases[layer][j, 0] += d
                for k, a in enumerate(outputs[layer]):
                    total.weights[layer][j, k] += d * a
            if layer:
                w = parameters.weights[layer]
                delta = [
                    sum(float(w[j, k]) * d for j, d in enumerate(delta)) * slope
                    for k, slope in enumerate(slopes[layer])
                ]
    return total


@pytest.mark.parametrize("kinds", KINDS)
@settings(max_examples=25)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple),
    n_samples=st.integers(1, 7),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_gradient_is_that_of_a_loop_over_the_samples(kinds, sizes, n_samples, seed):
    parameters, x, y = problem(sizes, n_samples, seed)
    expected = slow_gradient(parameters, x, y, *kinds)
    np.testing.assert_allclose(gradient(parameters, x, y, *kinds).flat, expected.flat, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kinds", KINDS)
def test_the_gradient_is_the_slope_of_the_cost(kinds):
    parameters, x, _ = problem((5, 4, 3), 6, seed=1)
    y = costs.wanted(kinds[1], 3, 6, seed=2)
    mlp, (_, output, loss) = mlp_of(parameters, *kinds), kinds

    def cost() -> float:
        return costs.cost(output, loss, mlp.forward(parameters, x)[-1], y)

    analytic = gradient(parameters, x, y, *kinds).flat
    h = 1e-6
    for index in range(len(parameters.flat)):
        at = parameters.flat[index]
        parameters.flat[index] = at + h
        above = cost()
        parameters.flat[index] = at - h
        below = cost()
        parameters.flat[index] = at
        assert analytic[index] == pytest.approx((above - below) / (2 * h), abs=1e-7, rel=1e-8)


def test_the_notebooks_network_is_this_formula():
    """Sigmoid and quadratic cost written out, so that the slow truth above is not only ours against ours."""
    parameters, x, y = problem((3, 2), 1, seed=4)
    z = parameters.weights[0] @ x + parameters.biases[0]
    a = 1 / (1 + np.exp(-z))
    delta = (a - y) * a * (1 - a)
    result = gradient(parameters, x, y)
    np.testing.assert_allclose(result.biases[0], delta, rtol=1e-13)
    np.testing.assert_allclose(result.weights[0], delta @ x.T, rtol=1e-13)


def test_the_gradient_of_one_neuron_worked_by_hand():
    # w = ln 3, b = 0, x = 1: a = 3/4. y = 1: delta = (3/4 - 1) * 3/4 * 1/4 = -3/64.
    parameters = Parameters((1, 1), np.float64)
    parameters.weights[0][0, 0] = math.log(3)
    result = gradient(parameters, one(1.0), one(1.0))
    assert result.weights[0][0, 0] == pytest.approx(-3 / 64, abs=1e-15)
    assert result.biases[0][0, 0] == pytest.approx(-3 / 64, abs=1e-15)


def test_the_gradient_of_a_chain_worked_by_hand():
    # Two neurons in a chain, all potentials 0, so that each output is 1/2, and y = 0:
    # delta_2 = 1/2 * 1/4 = 1/8; nabla_w_2 = 1/16; delta_1 = w_2 * delta_2 * 1/4 = -2/32; nabla_w_1 = x * delta_1.
    parameters = Parameters((1, 1, 1), np.float64)
    parameters.weights[1][0, 0] = -2.0
    parameters.biases[1][0, 0] = 1.0
    result = gradient(parameters, one(4.0), one(0.0))
    by_hand = {"w1": -0.25, "b1": -0.0625, "w2": 0.0625, "b2": 0.125}
    assert result.flat.tolist() == pytest.approx(list(by_hand.values()), abs=1e-15)


@pytest.mark.parametrize("kinds", KINDS)
def test_float32_agrees_with_float64_to_its_precision(kinds):
    parameters, x, y = problem((20, 10, 5), 8, seed=2)
    single = Parameters(parameters.sizes, np.float32)
    single.flat[:] = parameters.flat
    result = gradient(single, x.astype(np.float32), y.astype(np.float32), *kinds)
    assert result.flat.dtype == np.float32
    expected = gradient(parameters, x, y, *kinds).flat
    np.testing.assert_allclose(result.flat, expected, rtol=1e-4, atol=1e-5)


def test_a_pass_over_fewer_samples_does_not_see_those_of_the_pass_before():
    parameters, x, y = problem((4, 3, 2), 5, seed=3)
    mlp = mlp_of(parameters)
    fresh = Parameters(parameters.sizes, np.float64)
    mlp.backward(parameters, x, y, fresh)
    result = Parameters(parameters.sizes, np.float64)
    mlp.backward(parameters, x[:, :2], y[:, :2], result)
    assert result.sha256 == gradient(parameters, x[:, :2], y[:, :2]).sha256
    mlp.backward(parameters, x, y, result)
    assert result.sha256 == fresh.sha256


def test_a_layer_of_many_neurons_is_worked_on_in_blocks_and_none_is_left_out():
    """8,192 outputs at a time: 31 samples make blocks of 264 neurons, and one that is smaller."""
    parameters, x, y = problem((3, 600, 2), 31, seed=5)
    w, b = parameters.weights, parameters.biases
    a_1 = 1 / (1 + np.exp(-(w[0] @ x + b[0])))
    a_2 = 1 / (1 + np.exp(-(w[1] @ a_1 + b[1])))
    delta_2 = (a_2 - y) * a_2 * (1 - a_2)
    delta_1 = (w[1].T @ delta_2) * a_1 * (1 - a_1)
    result = gradient(parameters, x, y)
    for ours, truth in zip(result.weights, (delta_1 @ x.T, delta_2 @ a_1.T), strict=True):
        np.testing.assert_allclose(ours, truth, rtol=1e-11, atol=1e-12)
    for ours, truth in zip(result.biases, (delta_1, delta_2), strict=True):
        np.testing.assert_allclose(ours[:, 0], truth.sum(1), rtol=1e-11, atol=1e-12)


def test_native_arithmetic_takes_weights_and_inputs_as_they_are():
    """Without a copy: they may be large."""
    parameters, x, _ = problem((4, 3, 2), 5, seed=6)
    mlp = mlp_of(parameters)
    assert mlp.rounded(parameters) is parameters
    assert mlp.forward(parameters, x)[0] is x
