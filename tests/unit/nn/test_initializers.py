"""The first weights, which never change."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.initializers import INITIALIZERS, normal
from shared.nn.logarithm import natural_logarithm
from shared.nn.parameters import Parameters
from shared.nn.random import Purpose, stream
from tests.support.learning import CONFIG

# Of a network with layers 3,2 and seed 0: W_1, then b_1, though standard-normal draws the biases first.
RECORDED = {
    "normal": [
        -0.2953822753197907,
        -0.2615490675077499,
        -0.9564265982441176,
        2.168068543389813,
        0.007370061164495811,
        -1.7334725289216895,
        -1.3017747061763996,
        -1.4059932555265167,
    ],
    "standard-normal": [
        1.3265118818830892,
        1.2048090979493156,
        -0.03910371209917862,
        -0.5194192970029236,
        -1.1132959094272785,
        -1.7673803015404892,
        0.15929546600623282,
        -1.7741885208017214,
    ],
    "nielsen": [
        -0.17053903616972532,
        -0.151005424531895,
        -0.5521931539563593,
        1.2517349571476684,
        0.004255106797265663,
        -1.0008208312057587,
        -1.3017747061763996,
        -1.4059932555265167,
    ],
    "lecun": [
        -0.17053903616972532,
        -0.151005424531895,
        -0.5521931539563593,
        1.2517349571476684,
        0.004255106797265663,
        -1.0008208312057587,
        -0.0,
        -0.0,
    ],
    "glorot": [
        -0.18681615409069596,
        -0.1654181546435258,
        -0.6048972930436421,
        1.371206944095081,
        0.0046612359549119305,
        -1.0963442905449288,
        -0.0,
        -0.0,
    ],
    "he": [
        -0.17053903616972532,
        -0.151005424531895,
        -0.5521931539563593,
        1.2517349571476684,
        0.004255106797265663,
        -1.0008208312057587,
        -0.0,
        -0.0,
    ],
}


def draw(name: str, sizes: tuple[int, ...] = (3, 2), dtype: str = "float64", seed: int = 0) -> Parameters:
    parameters = Parameters(sizes, dtype)
    INITIALIZERS[name].draw(parameters, stream(seed, Purpose.WEIGHTS, 0))
    return parameters


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_first_weights_never_change(name):
    """Recorded once: another value would make old runs unrepeatable. A new initializer needs its numbers here."""
    assert draw(name).flat.tolist() == pytest.approx(RECORDED[name], rel=1e-15)


# Of layers 784,30,10 in float64, by seed.
FINGERPRINTS = {
    0: "497ffd43a0f385c0ba511c499fb8b3e4f3ecdee6fb7c0a0d5d0584a9a79801bf",
    1: "f2e14c679463504707f2cd96306fc0c83c7050db118786cf12a69590c9c72632",
    2**64 - 1: "6483f6c11562b55be1f2be6cc1d37faf34c7148c3ab969774073c3584d8ffe04",
}


@pytest.mark.parametrize("seed", FINGERPRINTS)
def test_normal_has_the_same_bits_on_every_machine(seed):
    assert draw("normal", (784, 30, 10), seed=seed).sha256 == FINGERPRINTS[seed]


@pytest.mark.parametrize("name", INITIALIZERS)
def test_a_run_begins_with_them(name):
    config = replace(CONFIG, sizes=(3, 2), seed=0, dtype="float64", initializer=name)
    assert config.initial_parameters().flat.tolist() == draw(name).flat.tolist()


def test_a_run_begins_with_normal_if_nothing_else_is_said():
    assert (CONFIG.initializer, INITIALIZERS["normal"].portable) == ("normal", True)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_they_depend_on_the_seed_alone(name):
    assert draw(name).sha256 == draw(name).sha256 != draw(name, seed=1).sha256


@pytest.mark.parametrize("name", INITIALIZERS)
def test_in_less_precision_they_are_the_same_numbers_rounded(name):
    assert draw(name, dtype="float32").flat.tolist() == draw(name).flat.astype(np.float32).tolist()


# Of weights of layers 300,200,100, and of biases.
VARIANCES = {
    "normal": ([1, 1], 1),
    "standard-normal": ([1, 1], 1),
    "nielsen": ([1 / 300, 1 / 200], 1),
    "lecun": ([1 / 300, 1 / 200], 0),
    "glorot": ([2 / 500, 2 / 300], 0),
    "he": ([2 / 300, 1 / 200], 0),
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_they_have_mean_0_and_the_variance_of_their_definition(name):
    parameters = draw(name, (300, 200, 100))
    of_weights, of_biases = VARIANCES[name]
    for layer, variance in zip(
        (*parameters.weights, *parameters.biases), (*of_weights, of_biases, of_biases), strict=True
    ):
        tolerance = 5 / np.sqrt(layer.size)
        assert abs(layer.mean()) <= tolerance * math.sqrt(variance)
        assert abs(layer.var() - variance) <= 1.5 * tolerance * variance


def words(seed: int = 0) -> np.random.Philox:
    return stream(seed, Purpose.WEIGHTS, 0)


def test_normal_has_the_moments_and_the_tails_of_n_0_1():
    """Within five standard errors. The seed is fixed, so it passes always or never."""
    count = 1_000_000
    drawn = normal(words(), count)
    assert (drawn.shape, drawn.dtype) == ((count,), np.float64)
    for power, (expected, variance) in {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96), 6: (15, 10_170)}.items():
        assert abs((drawn**power).mean() - expected) < 5 * math.sqrt(variance / count), power
    for bound in (0.5, 1, 2, 3, 4):
        beyond = math.erfc(bound / math.sqrt(2))
        assert abs((np.abs(drawn) > bound).mean() - beyond) < 5 * math.sqrt(beyond / count), bound
    assert 4.5 < np.abs(drawn).max() < 6.5
    neighbours = drawn[:-1] * drawn[1:]
    assert abs(neighbours.mean()) < 5 / math.sqrt(count)


def test_the_two_numbers_of_a_pair_are_independent():
    """They lie side by side by 4,096 or what of them was inside the disc."""
    x = (words().random_raw(8192) >> np.uint64(12)).astype(float) * 2.0**-51 - 1.0
    accepted = int(np.count_nonzero(x[:4096] ** 2 + x[4096:] ** 2 < 1))
    drawn = normal(words(), 2 * accepted)
    first, second = drawn[:accepted], drawn[accepted:]
    for power in (1, 2):
        assert abs(np.corrcoef(first**power, second**power)[0, 1]) < 5 / math.sqrt(accepted)


@given(short=st.integers(1, 20_000), longer=st.integers(0, 20_000), seed=st.integers(0, 2**64 - 1))
def test_the_first_numbers_of_a_longer_draw_are_those_of_a_shorter_one(short, longer, seed):
    assert np.array_equal(normal(words(seed), short), normal(words(seed), short + longer)[:short])


class Words:
    """A generator whose words are given, again and again."""

    def __init__(self, *given: int) -> None:
        self._given = np.array(given, np.uint64)

    def random_raw(self, count: int) -> np.ndarray:
        return np.resize(self._given, count)


@pytest.mark.parametrize("word", [2**63, 2**63 - 1, 2**63 + 2**12])
def test_the_centre_of_the_disc_is_no_place_where_a_number_is_not_finite(word):
    """The pair that lies there gives the largest number there is."""
    drawn = normal(Words(word), 100)
    assert np.isfinite(drawn).all()
    assert 5 < np.abs(drawn).max() < 13


def test_pairs_outside_the_disc_are_drawn_again():
    """The corner (1, 1) first, then a point within, and so on."""
    corner, inside = 2**64 - 1, 2**63 + 2**61
    given = Words(*[corner, inside] * 2048, *[corner, inside] * 2048)
    drawn = normal(given, 10_000)
    assert len(np.unique(drawn)) == 1
    assert np.isfinite(drawn).all()


ULPS = 4


@given(x=st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_the_natural_logarithm_is_within_a_few_units_in_the_last_place(x):
    ours = float(natural_logarithm(np.array([x]))[0])
    assert abs(ours - math.log(x)) <= ULPS * math.ulp(math.log(x))


def test_the_natural_logarithm_is_right_where_it_is_asked_and_where_its_pieces_meet():
    uniform = np.random.default_rng(0).uniform(0, 1, 50_000)
    powers = np.array([2.0**k for k in range(-1074, 1024, 7)])
    near = np.array([1 - k * 2.0**-53 for k in range(1, 200)])
    seam = math.sqrt(0.5) * (1 + np.arange(-200, 200) * 2.0**-52)
    for x in (uniform, powers, near, seam, 2 * seam):
        truth = np.array([math.log(value) for value in x])
        assert (np.abs(natural_logarithm(x) - truth) <= ULPS * np.spacing(np.abs(truth))).all()


def test_the_natural_logarithm_of_1_is_0():
    assert natural_logarithm(np.array([1.0])).tolist() == [0.0]


def test_normal_asks_no_library_for_a_logarithm(monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a library's logarithm")

    for module in (np, math):
        for name in ("log", "log1p", "log2", "exp", "sin", "cos"):
            monkeypatch.setattr(module, name, refuse)
    assert draw("normal", (784, 30, 10)).sha256 == FINGERPRINTS[0]
