"""What a step makes of a gradient, worked by hand."""

import numpy as np
import pytest

from shared.nn.parameters import Parameters
from shared.optim.optimizers import OPTIMIZERS, SGD, Nesterov


def test_a_step_subtracts_the_mean_gradient_times_the_learning_rate():
    parameters = Parameters((1, 1), np.float64)
    parameters.flat[:] = [1.0, 2.0]
    SGD().update(parameters.flat, {}, np.array([10.0, -20.0]), count=10, learning_rate=3.0)
    assert parameters.flat.tolist() == [1.0 - 3.0, 2.0 + 6.0]
    assert parameters.weights[0].tolist() == [[-2.0]]


def test_sgd_remembers_nothing():
    assert SGD().initial_state(np.zeros(3)) == {}


def test_nesterov_looks_ahead_along_its_velocity():
    optimizer, weights = Nesterov(0.5), np.array([1.0])
    state = optimizer.initial_state(weights)
    assert state["velocity"].tolist() == [0.0]
    # mean 2; v = 2; w = 1 - 0.25 * (2 + 0.5 * 2)
    optimizer.update(weights, state, np.array([8.0]), count=4, learning_rate=0.25)
    assert (weights.tolist(), state["velocity"].tolist()) == ([0.25], [2.0])
    # mean -1; v = 0.5 * 2 - 1 = 0; w = 0.25 - 0.25 * (-1 + 0.5 * 0)
    optimizer.update(weights, state, np.array([-4.0]), count=4, learning_rate=0.25)
    assert (weights.tolist(), state["velocity"].tolist()) == ([0.5], [0.0])


def test_nesterov_without_momentum_is_a_step_along_the_mean_and_remembers_nothing():
    optimizer, weights = Nesterov(0.0), np.array([1.0])
    state = optimizer.initial_state(weights)
    assert state == {}
    optimizer.update(weights, state, np.array([8.0]), count=4, learning_rate=0.25)
    assert weights.tolist() == [0.5]


def test_what_is_remembered_is_the_optimizers_own():
    weights = np.array([1.0, 2.0])
    velocity = Nesterov(0.5).initial_state(weights)["velocity"]
    velocity += 1
    assert weights.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_optimizer_goes_down_and_keeps_the_dtype(name, dtype):
    """On |w|² / 2, whose gradient is w."""
    optimizer, weights = OPTIMIZERS[name], np.array([1.0, -2.0], dtype)
    state = optimizer.initial_state(weights)
    for _ in range(200):
        optimizer.update(weights, state, 7 * weights, count=7, learning_rate=0.1)
    assert np.abs(weights).max() < 0.1
    assert {vector.dtype for vector in (weights, *state.values())} == {np.dtype(dtype)}
