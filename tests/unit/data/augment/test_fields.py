"""Where pixels come from: beside a slow truth, and the proof that no sum is rounded."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.data.augment import fields
from shared.data.augment.draws import KNOTS, Draws, draw
from shared.data.augment.fields import FRACTIONS, Field, sine_and_cosine
from shared.data.augment.options import _MOST, Augmentation
from shared.data.augment.splines import basis
from shared.errors import ConfigError
from tests.support.deformations import ALL, STRONG, USUAL, source, spline

EXTREMES = Augmentation(**_MOST)


def points(augmentation: Augmentation, height: int, width: int, draws: Draws) -> np.ndarray:
    """In pixels of the original: (2, n, height, width)."""
    field = Field(augmentation, height, width)
    found = np.empty((2, len(draws.knots), height * width), np.int32)
    field.points(field.coefficients(draws), found)
    return found.reshape(2, -1, height, width) / FRACTIONS - 1


def truth(augmentation: Augmentation, height: int, width: int, draws: Draws, sample: int) -> np.ndarray:
    """The same of one sample, one pixel after the other: (2, height, width)."""
    knots = (2.0 * draws.knots[sample].reshape(2, KNOTS, KNOTS) - 255) / 256
    found = [
        source(augmentation, height, width, y, x, draws.affine[:, sample], knots)
        for y in range(height)
        for x in range(width)
    ]
    return np.array(found).T.reshape(2, height, width)


@pytest.mark.parametrize(("height", "width"), [(28, 28), (13, 40), (8, 8), (1, 9), (1, 1)])
@pytest.mark.parametrize("augmentation", [USUAL, ALL], ids=["usual", "all"])
def test_points_are_those_of_the_formula(augmentation, height, width):
    draws = draw(0, 0, 0, 4)
    found = points(augmentation, height, width, draws)
    for sample in range(4):
        assert np.abs(found[:, sample] - truth(augmentation, height, width, draws, sample)).max() < 2**-5


@pytest.mark.parametrize("name", ["rotate", "scale", "shear", "shift"])
def test_without_knots_they_are_so_within_little_more_than_a_fraction(name):
    """Half a fraction at the end, up to a quarter in each of the products. All beyond the border is alike."""
    augmentation, draws = Augmentation(**{name: _MOST[name]}), draw(5, 0, 0, 2)
    found = points(augmentation, 28, 28, draws)
    for sample in range(2):
        expected = truth(augmentation, 28, 28, draws, sample)
        assert np.abs(np.maximum(found[:, sample], -1) - np.maximum(expected, -1)).max() < 1.1 / FRACTIONS


def test_a_quarter_turn_takes_columns_for_rows():
    draws = Draws(np.zeros((1, 98), np.uint8), np.array([[1.0, 0, 0, 0, 0, 0]]).T)
    y, x = points(Augmentation(rotate=90), 28, 28, draws)[:, 0]
    rows, columns = np.mgrid[:28, :28]
    assert np.array_equal(y, columns)
    assert np.array_equal(x, 27 - rows)


@pytest.mark.parametrize(("height", "width"), [(28, 28), (64, 48)])
def test_the_elastic_displacement_has_the_documented_size(height, width):
    """rms 0.28 of the knots' strength in each direction; the mean is 0."""
    rows, columns = np.mgrid[:height, :width]
    moved = points(Augmentation(elastic=4), height, width, draw(1, 0, 0, 400)) - np.array([rows, columns])[:, None]
    assert 0.25 < np.sqrt((moved**2).mean()) / 4 < 0.31
    assert np.abs(moved.mean()) < 0.02
    assert np.abs(moved).max() < 4


def test_neighbours_move_alike():
    """The field is smooth: within a pixel it changes by less than the knots' strength over their distance."""
    y, x = points(Augmentation(elastic=4), 28, 28, draw(1, 0, 0, 200))
    for found in (np.diff(y, axis=2), np.diff(x, axis=1)):
        assert np.abs(found).max() < 4 / 4.5
    assert np.sqrt((np.diff(y, axis=2) ** 2).mean()) < 0.2


def terms(left: np.ndarray, right: np.ndarray) -> float:
    """The largest sum of the terms of a product without their signs, in units of its float's last place at 2^24."""
    return float(np.matmul(np.abs(left), np.abs(right)).max())


@pytest.mark.parametrize(
    ("augmentation", "height", "width"),
    [
        *((augmentation, *size) for augmentation in (USUAL, ALL) for size in ((28, 28), (32, 32), (80, 60), (8, 8))),
        (STRONG, 28, 28),
        (USUAL, 128, 128),
        (EXTREMES, fields.MOST, fields.MOST),
    ],
    ids=str,
)
def test_the_proof_holds_for_the_numbers_that_are_multiplied(augmentation, height, width):
    """Every term is a multiple of 2^-17 pixels, and all together stay below the float's 2^24 or 2^53 of them."""
    field, count = Field(augmentation, height, width), 20
    draws = draw(3, 0, 0, count)
    # With corners that are hardly ever drawn.
    draws.affine[:, :10] = np.sign(draws.affine[:, :10])
    draws.knots[:5] = np.where(draws.knots[:5] < 128, 0, 255)
    coefficients = field.coefficients(draws).astype(np.float64)
    down, across = field._down.astype(np.float64), field._across.astype(np.float64)
    rows = np.rint(np.matmul(down, coefficients))
    limit = 2.0**53 if field.dtype == np.float64 else 2.0**24
    for numbers, unit in ((coefficients, 1), (rows, 1), (down, 2.0**-8), (across, 2.0**-9)):
        assert np.array_equal(numbers % unit, np.zeros_like(numbers))
        assert np.abs(numbers).max() / unit <= limit
    # Rows and coefficients are in steps of 2^-9 pixels, points in fractions of 2^-8.
    assert terms(down, coefficients[..., :-1]) * 2**8 <= limit
    assert np.count_nonzero(coefficients[..., -1]) <= 2 * count  # the column with one term alone
    some = slice(None, None, max(1, height // 50))
    assert terms(rows[:, :, some], across) * 2**9 <= limit


@pytest.mark.parametrize(("height", "width"), [(28, 28), (13, 40)])
def test_float64_gives_the_same_points_as_float32(height, width):
    single = points(ALL, height, width, draw(0, 0, 0, 50))
    assert Field(ALL, height, width).dtype == np.float32
    double = Field(ALL, height, width)
    for name in ("_down", "_across", "_knots"):
        setattr(double, name, getattr(double, name).astype(np.float64))
    double.dtype = np.dtype(np.float64)
    found = np.empty((2, 50, height * width), np.int32)
    double.points(double.coefficients(draw(0, 0, 0, 50)), found)
    assert np.array_equal(found.reshape(single.shape) / FRACTIONS - 1, single)


def test_images_that_are_too_large_are_refused():
    with pytest.raises(ConfigError, match="augment goes with images of at most 1024 x 1024 pixels, got 1025 x 3"):
        Field(USUAL, 1025, 3)


@pytest.mark.parametrize("size", [1, 2, 8, 28, 29, 128])
def test_splines_are_those_of_cox_and_de_boor(size):
    expected = [[spline(i * 4 / max(size - 1, 1) - (knot - 1)) for i in range(size)] for knot in range(7)]
    assert np.abs(basis(size, 7) - np.array(expected)).max() < 1e-14
    assert np.abs(basis(size, 7).sum(axis=0) - 1).max() < 1e-14
    assert basis(size, 7).min() >= 0


@given(largest=st.floats(0, math.pi), part=st.floats(-1, 1))
def test_sine_and_cosine_are_right_to_24_bits(largest, part):
    sine, cosine = sine_and_cosine(np.array([part * largest]), largest)
    assert abs(sine[0] - math.sin(part * largest)) < 2**-24
    assert abs(cosine[0] - math.cos(part * largest)) < 2**-24
