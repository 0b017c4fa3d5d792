"""The sigmoid by its tangents, against the sigmoid."""

import hashlib
import math
from decimal import Decimal

import numpy as np
import pytest

from shared.nn import tangents
from shared.nn.activations import ACTIVATIONS
from shared.nn.grids import OUTPUT_BITS, value_grid
from shared.nn.tangents import SIGMOID, TANH, Scratch, Tangents
from tests.support.integers import sigmoid, tanh

UNITS = 2.0**OUTPUT_BITS  # of the outputs' grid in 1
LAST = 14 * 128  # number of the last tangent


def looked_up(z: np.ndarray, function: Tangents = SIGMOID) -> np.ndarray:
    a = np.array(z, np.float64)
    function.look_up(a, Scratch(a.shape))
    return a


def seams() -> np.ndarray:
    """Where one tangent ends and the next begins: the last float of the one, the middle, the first of the other."""
    middles = (np.arange(-LAST, LAST) + 0.5) / 128
    return np.stack([np.nextafter(middles, -np.inf), middles, np.nextafter(middles, np.inf)], 1).ravel()


@pytest.fixture(scope="module")
def dense() -> np.ndarray:
    regular, random = np.arange(-16 * 4096, 16 * 4096 + 1) / 4096, np.random.default_rng(0).uniform(-15, 15, 200_000)
    return np.sort(np.concatenate([regular, random, seams()]))


def test_it_is_off_by_half_a_unit_of_rounding_and_a_fifth_of_the_tangents(dense):
    """Half the second derivative's maximum, 1 / (6 √3), times the square of half a step."""
    of_tangents = (0.5 / (6 * math.sqrt(3))) * (0.5 / 128) ** 2
    assert of_tangents < 2.0**-20.3 < 0.21 / UNITS
    truth = np.array([1 / (1 + math.exp(-z)) for z in dense])
    off = np.abs(looked_up(dense) - truth)
    assert off.max() < 0.5 / UNITS + of_tangents + 1e-15
    assert off.max() > 0.6 / UNITS  # so the points are where it is worst


def test_it_never_falls():
    """Within a tangent nothing can: its slope is not negative, and rounding keeps the order. So the seams are all."""
    assert (SIGMOID.slopes >= 0).all()
    assert (np.diff(looked_up(seams())) >= 0).all()


def test_it_is_symmetric(dense):
    assert np.array_equal(looked_up(-dense), 1.0 - looked_up(dense))


def test_its_values_are_on_the_grid_and_between_0_and_1(dense):
    units = looked_up(dense) * UNITS
    assert np.array_equal(units, np.rint(units))
    assert (units.min(), units.max()) == (0, UNITS)


def test_from_14_on_it_is_flat():
    below = np.nextafter(14 - 0.5 / 128, 0.0)
    for z in (14.0, 14.5, 100.0, 2.0**43, 2.0**44, np.nextafter(2.0**45, 0.0)):
        assert looked_up([-z, z]).tolist() == [0.0, 1.0]
    assert looked_up([-below, below]).tolist() == [0.0, 1.0]  # as good as flat: the last tangent meets the end
    assert looked_up([0.0, -0.0]).tolist() == [0.5, 0.5]


def test_it_is_what_python_computes_one_number_at_a_time():
    z = np.concatenate([np.random.default_rng(1).uniform(-15, 15, 2000), seams()[::11], [0.0, 14.0, -14.0, 1e9, -1e9]])
    assert looked_up(z).tolist() == [float(sigmoid(value)) for value in z.tolist()]


# Recorded: these tables are the same on every machine, or nothing is.
TABLES = "1883876ef022bcf2c39565a34fed8988c0a3e4d4fe4b5be0c8bbec0c907daf09"


def digest(function: Tangents) -> str:
    return hashlib.sha256(function.slopes.tobytes() + function.constants.tobytes()).hexdigest()


def test_its_tables_are_the_same_everywhere(monkeypatch):
    """No library is asked: they come from integers."""

    def refuse(*_: object) -> None:
        raise AssertionError("a library's function")

    for module in (np, math):
        for name in ("exp", "exp2", "expm1", "log", "tanh", "cosh", "pow"):
            monkeypatch.setattr(module, name, refuse, raising=False)
    assert digest(tangents._sigmoid()) == digest(SIGMOID) == TABLES


def test_its_tables_are_the_sigmoids_nearest_floats():
    above = np.array([float(1 / (1 + (-Decimal(k) / 128).exp())) for k in range(LAST)])
    slopes = np.concatenate([[0.0], (above * (1 - above))[:0:-1], above * (1 - above), [0.0]])
    assert np.array_equal(SIGMOID.slopes, slopes)


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (2, 5000)])
def test_the_shape_does_not_matter(shape):
    """Nor does what the scratch held before."""
    z = np.random.default_rng(2).uniform(-20, 20, shape)
    scratch = Scratch(shape)
    for other in (-z, z):
        SIGMOID.look_up(other.copy(), scratch)
    a = z.copy()
    SIGMOID.look_up(a, scratch)
    assert np.array_equal(a.ravel(), looked_up(z.ravel()))


def on_grid(name: str, z: np.ndarray) -> np.ndarray:
    a = z.copy()
    ACTIVATIONS[name].apply_on_grid(a, Scratch(a.shape))
    return a


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_on_the_grid_is_the_activation(name):
    """A unit of its grid more or less."""
    z = np.random.default_rng(3).uniform(-20, 20, 10_000)
    truth = z.copy()
    ACTIVATIONS[name].apply(truth)
    assert np.abs(on_grid(name, z) - truth).max() < value_grid(ACTIVATIONS[name].limit).unit


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_keeps_its_limit_and_grid_and_is_nowhere_steeper_than_it_says(name):
    activation = ACTIVATIONS[name]
    z = np.concatenate([np.linspace(-200, 200, 100_001), [2.0**43, -(2.0**43)]])
    a, slope = on_grid(name, z), np.empty_like(z)
    assert np.abs(a).max() <= activation.limit
    units = a / value_grid(activation.limit).unit
    assert np.array_equal(units, np.rint(units))
    activation.derivative(a, slope)
    assert np.abs(slope).max() <= activation.steepest


def test_tanh_is_what_python_computes_one_number_at_a_time():
    z = np.concatenate([np.random.default_rng(4).uniform(-8, 8, 3000), [0.0, 7.0, -7.0, 1e9, -1e9]])
    assert on_grid("tanh", z).tolist() == [float(tanh(value)) for value in z.tolist()]
    assert np.array_equal(on_grid("tanh", -z), -on_grid("tanh", z))
    assert digest(TANH) == "203ca4352ab4b4a70e2c6b3efeb30bfd3ff728ad476f91fcdc976f86a86a5890"


def test_relu_ends_at_64_on_the_grid():
    assert on_grid("relu", np.array([-1.0, 0.0, 0.5, 63.5, 65.0])).tolist() == [0.0, 0.0, 0.5, 63.5, 64.0]
    assert on_grid("leaky-relu", np.array([-100.0, -1e9]))[1] == -64.0
