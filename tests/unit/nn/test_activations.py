"""What neurons do to any number, against the definition."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic import quiet
from shared.nn.arithmetic.native import Native
from shared.nn.mlp import MLP
from shared.nn.parameters import Parameters
from shared.notebook.network import sigmoid, sigmoid_prime
from tests.support.exact import architecture


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_has_its_limits_and_gives_no_warning_anywhere(dtype):
    z = np.array([-np.inf, -1e30, -1000, -89, 0, 1000, 1e30, np.inf], dtype)
    parameters = Parameters((3, 3), dtype)
    parameters.weights[0][...] = np.eye(3)
    network = MLP(architecture((3, 3)), Native(architecture((3, 3)), dtype, 1))
    with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("error")
        result = sigmoid(z)
        assert sigmoid(-1000) == 0
        assert sigmoid(1000) == 1
        with quiet():
            outputs = network.forward(parameters, np.array([[-1e30], [-1000], [1e30]], dtype))
    assert result.dtype == dtype
    assert result.tolist() == pytest.approx([0, 0, 0, 0, 0.5, 1, 1, 1], abs=1e-38)
    assert outputs[-1].ravel().tolist() == [0, 0, 1]


def test_sigmoid_takes_what_numpy_takes():
    assert sigmoid([0, 0]).tolist() == [0.5, 0.5]
    assert sigmoid(np.array([200], np.uint8)).tolist() == [1.0]
    assert sigmoid(np.float32(0)).dtype == np.float32


@given(st.floats(-700, 700))
def test_sigmoid_is_exact_to_rounding(z):
    assert sigmoid(z) == pytest.approx(1 / (1 + math.exp(-z)), rel=1e-15)
    assert sigmoid_prime(z) == pytest.approx(sigmoid(z) * (1 - sigmoid(z)), rel=1e-15)


def applied(name: str, z: np.ndarray) -> np.ndarray:
    a = z.copy()
    ACTIVATIONS[name].apply(a)
    return a


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_is_the_functions_slope(name):
    z = np.random.default_rng(0).uniform(-3, 3, (4, 5))
    slope = np.full_like(z, np.nan)
    ACTIVATIONS[name].derivative(applied(name, z), slope)
    h = 1e-6
    np.testing.assert_allclose(slope, (applied(name, z + h) - applied(name, z - h)) / (2 * h), atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_derivative_leaves_the_outputs_as_they_are(name, dtype):
    a = applied(name, np.linspace(-2, 2, 6, dtype=dtype).reshape(2, 3))
    before, slope = a.copy(), np.empty_like(a)
    ACTIVATIONS[name].derivative(a, slope)
    assert a.tolist() == before.tolist()
    assert slope.dtype == dtype
