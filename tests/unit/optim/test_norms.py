"""Norms whose sums do not round: against fractions, in any order."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.grids import bits_of, power_above
from shared.optim import norms
from shared.optim.norms import norm, row_norms

FLOATS = st.floats(-1e30, 1e30, allow_nan=False)


def sum_of_squares(values, bits: int) -> Fraction:
    """What a norm is the root of. Each square is rounded as IEEE does, and to the grid; the sum is of fractions."""
    unit = Fraction(power_above(float(np.abs(values).max()))) ** 2 / 2**bits
    squares = [Fraction(float(v) * float(v)) for v in values]
    return sum((round(square / unit) * unit for square in squares), Fraction(0))


@given(st.lists(FLOATS, min_size=1, max_size=50))
def test_a_norm_is_the_root_of_an_exact_sum(values):
    vector = np.array(values)
    if np.abs(vector).max() < 2.0**-480:
        assert norm(vector) == 0
        return
    exact = sum_of_squares(values, 38)
    assert Fraction(float(exact)) == exact
    assert norm(vector) == math.sqrt(float(exact))
    assert row_norms(vector[np.newaxis])[0] == pytest.approx(math.hypot(*values), rel=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 1000, 2**14, 100_003])
def test_a_norm_does_not_depend_on_the_order(count, dtype):
    rng = np.random.default_rng(count)
    vector = (rng.standard_normal(count) * np.exp(rng.standard_normal(count))).astype(dtype)
    expected = norm(vector)
    for _ in range(5):
        assert norm(rng.permutation(vector)) == expected
    assert norm(-vector) == expected
    assert expected == pytest.approx(math.sqrt(math.fsum(float(v) ** 2 for v in vector)), rel=1e-6)


@pytest.mark.parametrize("part", [1, 7, 2**14])
def test_a_norm_does_not_depend_on_its_parts(part, monkeypatch):
    vector = np.random.default_rng(0).standard_normal(40_000)
    expected = norm(vector)
    monkeypatch.setattr(norms, "_PART", part)
    assert norm(vector) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(5, 1), (3, 784), (40, 1000), (2, 50_000)])
def test_norms_of_rows_do_not_depend_on_the_order(shape, dtype):
    rng = np.random.default_rng(0)
    matrix = (rng.standard_normal(shape) * np.exp(rng.standard_normal((shape[0], 1)))).astype(dtype)
    expected = row_norms(matrix)
    assert expected.dtype == np.float64
    assert (row_norms(rng.permuted(matrix, axis=1)) == expected).all()
    assert (row_norms(np.asfortranarray(matrix)) == expected).all()
    assert (row_norms(matrix[::-1]) == expected[::-1]).all()
    np.testing.assert_allclose(expected, np.linalg.norm(matrix.astype(np.float64), axis=1), rtol=1e-7)


def test_the_norm_of_a_row_is_the_root_of_an_exact_sum():
    row = np.random.default_rng(0).standard_normal(784)
    exact = sum_of_squares(row, 53 - bits_of(784))
    assert Fraction(float(exact)) == exact
    assert row_norms(row[np.newaxis])[0] == math.sqrt(float(exact))


@pytest.mark.parametrize("count", [2**14, 2**14 + 1, 3 * 2**14])
def test_all_maximal_elements_are_summed_exactly(count):
    vector = np.full(count, 1 - 2.0**-20)
    unit = 2.0**-38
    square = round((1 - 2.0**-20) ** 2 / unit) * unit
    assert norm(vector) == math.sqrt(float(Fraction(square) * count))


def test_special_cases():
    assert norm(np.zeros(3)) == 0
    assert row_norms(np.zeros((2, 3))).tolist() == [0, 0]
    assert norm(np.array([3.0, -4.0])) == 5
    assert row_norms(np.array([[3.0, -4.0], [0.0, 2.0]])).tolist() == [5, 2]
    for number, expected in ((1e-200, 0), (1e-140, 1e-140), (-1e140, 1e140), (1e200, math.inf), (-math.inf, math.inf)):
        assert norm(np.array([number, 0.0])) == pytest.approx(expected, rel=1e-5)
        assert row_norms(np.array([[number, 0.0]]))[0] == pytest.approx(expected, rel=1e-5)
    assert math.isnan(norm(np.array([1.0, math.nan])))
    assert np.isnan(row_norms(np.array([[1.0, math.nan]]))).all()
