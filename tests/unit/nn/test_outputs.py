"""What the last layer makes of its sums, in native arithmetic and on a grid."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.losses import LOSSES
from shared.nn.outputs import OUTPUTS
from shared.nn.tangents import Scratch, exponential
from tests.support import integers


def on_grid(name: str, z: np.ndarray) -> np.ndarray:
    a = z.copy()
    OUTPUTS[name].apply_on_grid(a, Scratch(a.shape))
    return a


def plain(name: str, z: np.ndarray) -> np.ndarray:
    a = z.copy()
    OUTPUTS[name].apply(a)
    return a


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_loss_of_an_output_goes_with_it(name):
    assert name in LOSSES[OUTPUTS[name].loss].outputs


@pytest.mark.parametrize("name", OUTPUTS)
def test_on_the_grid_it_is_the_same_function(name):
    z = np.random.default_rng(0).uniform(-30, 30, (10, 1000))
    unit = {"sigmoid": 2.0**-18, "softmax": 2.0**-31, "linear": 2.0**-12}[name]
    assert np.abs(on_grid(name, z) - plain(name, z)).max() <= unit


def test_a_softmax_is_a_distribution_that_grows_with_its_sums():
    z = np.random.default_rng(1).uniform(-40, 40, (10, 500))
    for a in (on_grid("softmax", z), plain("softmax", z)):
        np.testing.assert_allclose(a.sum(0), 1.0, rtol=1e-12)
        assert (a >= 0).all()
        assert np.array_equal(a.argmax(0), z.argmax(0))


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e12, 2.0**43])
def test_a_softmax_depends_on_differences_alone(offset):
    z = np.round(np.random.default_rng(2).uniform(-5, 5, (4, 20)))
    assert np.array_equal(on_grid("softmax", z + offset), on_grid("softmax", z))


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 3.0, 100.0, 1e9]))
def test_a_softmax_on_the_grid_is_what_python_computes_one_number_at_a_time(seed, scale):
    z = np.random.default_rng(seed).uniform(-scale, scale, (5, 3))
    truth = [[float(a) for a in integers.softmax(column.tolist())] for column in z.T]
    assert on_grid("softmax", z).T.tolist() == truth


def test_the_exponential_is_good_to_33_bits_and_0_from_32_on():
    z = -np.concatenate([np.random.default_rng(3).uniform(0, 31.9, 100_000), (np.arange(4000) + 0.5) / 128])
    a = z.copy()
    exponential(a)
    assert np.abs(a / np.exp(z) - 1).max() < 2.0**-33
    ends = np.array([0.0, -32.0, -1e300, -np.inf])
    exponential(ends)
    assert ends.tolist() == [1.0, 0.0, 0.0, 0.0]


def test_a_softmax_on_the_grid_is_the_same_everywhere():
    """Recorded: of one column of whole numbers, and their halves."""
    z = np.stack([np.arange(10.0), np.arange(10.0) / 2]).T.copy()
    digest = hashlib.sha256(on_grid("softmax", z).astype("<f8").tobytes()).hexdigest()
    assert digest == "d35d54c0391a9a4471fe9a9d93d7bf9e7d91b5caea42f7a05a2eefb6c4544fdf"


def test_linear_outputs_end_at_64_on_the_grid():
    assert on_grid("linear", np.array([[-1e9, -64.5, 63.5, 64.5]])).tolist() == [[-64.0, -64.0, 63.5, 64.0]]
    assert plain("linear", np.array([[-1e9, 64.5]])).tolist() == [[-1e9, 64.5]]
