"""The formulas against a slow truth: a loop over samples and neurons, finite differences, and numbers by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.mlp import activations, backprop
from shared.nn.parameters import Parameters


def slow_gradient(parameters: Parameters, x: np.ndarray, y: np.ndarray) -> Parameters:
    """Sum the gradient sample by sample and neuron by neuron, in Python's own floats."""
    total = Parameters(parameters.sizes, np.float64)
    last = len(parameters.weights) - 1
    for sample in range(x.shape[1]):
        outputs = [[float(value) for value in x[:, sample]]]
        for w, b in zip(parameters.weights, parameters.biases, strict=True):
            sums = [sum(float(w[j, k]) * a for k, a in enumerate(outputs[-1])) + float(b[j, 0]) for j in range(len(b))]
            outputs.append([1 / (1 + math.exp(-z)) for z in sums])
        delta = [(a - float(y[j, sample])) * a * (1 - a) for j, a in enumerate(outputs[-1])]
        for layer in range(last, -1, -1):
            for j, d in enumerate(delta):
                total.biases[layer][j, 0] += d
                for k, a in enumerate(outputs[layer]):
                    total.weights[layer][j, k] += d * a
            w = parameters.weights[layer]
            delta = [
                sum(float(w[j, k]) * d for j, d in enumerate(delta)) * a * (1 - a) for k, a in enumerate(outputs[layer])
            ]
    return total


def problem(sizes: tuple[int, ...], n_samples: int, seed: int) -> tuple[Parameters, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    parameters = Parameters(sizes, np.float64)
    parameters.flat[:] = rng.standard_normal(len(parameters.flat))
    return parameters, rng.random((sizes[0], n_samples)), rng.random((sizes[-1], n_samples))


def gradient(parameters: Parameters, x: np.ndarray, y: np.ndarray) -> Parameters:
    result = Parameters(parameters.sizes, parameters.dtype)
    backprop(parameters.weights, parameters.biases, x, y, result.weights, result.biases)
    return result


@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple),
    n_samples=st.integers(1, 7),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_gradient_is_that_of_a_loop_over_the_samples(sizes, n_samples, seed):
    parameters, x, y = problem(sizes, n_samples, seed)
    expected = slow_gradient(parameters, x, y)
    np.testing.assert_allclose(gradient(parameters, x, y).flat, expected.flat, rtol=1e-12, atol=1e-12)


def test_the_gradient_is_the_slope_of_the_cost():
    parameters, x, y = problem((5, 4, 3), 6, seed=1)

    def cost() -> float:
        return float(np.sum((activations(parameters.weights, parameters.biases, x)[-1] - y) ** 2) / 2)

    analytic = gradient(parameters, x, y).flat
    h = 1e-6
    for index in range(len(parameters.flat)):
        at = parameters.flat[index]
        parameters.flat[index] = at + h
        above = cost()
        parameters.flat[index] = at - h
        below = cost()
        parameters.flat[index] = at
        assert analytic[index] == pytest.approx((above - below) / (2 * h), abs=1e-8)


def test_the_gradient_of_one_neuron_worked_by_hand():
    # w = ln 3, b = 0, x = 1: a = 3/4. y = 1: delta = (3/4 - 1) * 3/4 * 1/4 = -3/64.
    parameters = Parameters((1, 1), np.float64)
    parameters.weights[0][0, 0] = math.log(3)
    result = gradient(parameters, np.array([[1.0]]), np.array([[1.0]]))
    assert result.weights[0][0, 0] == pytest.approx(-3 / 64, abs=1e-15)
    assert result.biases[0][0, 0] == pytest.approx(-3 / 64, abs=1e-15)


def test_the_gradient_of_a_chain_worked_by_hand():
    # Two neurons in a chain, all potentials 0, so that each output is 1/2, and y = 0:
    # delta_2 = 1/2 * 1/4 = 1/8; nabla_w_2 = 1/16; delta_1 = w_2 * delta_2 * 1/4 = -2/32; nabla_w_1 = x * delta_1.
    parameters = Parameters((1, 1, 1), np.float64)
    parameters.weights[1][0, 0] = -2.0
    parameters.biases[1][0, 0] = 1.0
    result = gradient(parameters, np.array([[4.0]]), np.array([[0.0]]))
    by_hand = {"w1": -0.25, "b1": -0.0625, "w2": 0.0625, "b2": 0.125}
    assert result.flat.tolist() == pytest.approx(list(by_hand.values()), abs=1e-15)


def test_float32_agrees_with_float64_to_its_precision():
    parameters, x, y = problem((20, 10, 5), 8, seed=2)
    single = Parameters(parameters.sizes, np.float32)
    single.flat[:] = parameters.flat
    result = gradient(single, x.astype(np.float32), y.astype(np.float32))
    assert result.flat.dtype == np.float32
    np.testing.assert_allclose(result.flat, gradient(parameters, x, y).flat, rtol=1e-4, atol=1e-5)
