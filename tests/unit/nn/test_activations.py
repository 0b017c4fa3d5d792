"""The sigmoid for any number, against its definition."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.mlp import activations, sigmoid, sigmoid_prime


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_has_its_limits_and_gives_no_warning_anywhere(dtype):
    z = np.array([-np.inf, -1e30, -1000, -89, 0, 1000, 1e30, np.inf], dtype)
    with warnings.catch_warnings(), np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("error")
        result = sigmoid(z)
        assert sigmoid(-1000) == 0
        assert sigmoid(1000) == 1
        identity, no_bias = np.eye(3, dtype=dtype), np.zeros((3, 1), dtype)
        outputs = activations([identity], [no_bias], np.array([[-1e30], [-1000], [1e30]], dtype))
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
