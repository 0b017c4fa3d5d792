"""Rounding to grids, against Python's own rounding of fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.grids import Grid, bits_of, power_above
from tests.support import integers

EXPONENTS = st.integers(-200, 200)


def rounded(grid: Grid, *values: float) -> list[float]:
    out = np.empty(len(values))
    grid.round(np.array(values), out)
    return out.tolist()


@given(exponent=EXPONENTS, units=st.floats(-(2.0**51), 2.0**51, exclude_min=True, exclude_max=True))
def test_a_number_goes_to_the_nearest_multiple_and_half_to_even(exponent, units):
    unit = 2.0**exponent
    truth = integers.rounded(units * unit, Fraction(unit))
    assert rounded(Grid(unit), units * unit) == [float(truth)]


@pytest.mark.parametrize("unit", [1.0, 2.0**-18, 2.0**-60])
def test_in_the_middle_it_goes_to_the_even_one(unit):
    values = [k * unit for k in (-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)]
    assert rounded(Grid(unit), *values) == [k * unit for k in (-2, -2, 0, 0, 2, 2)]


@given(exponent=EXPONENTS, units=st.integers(-(2**51) + 1, 2**51 - 1))
def test_what_is_on_the_grid_stays(exponent, units):
    value = units * 2.0**exponent
    assert rounded(Grid(2.0**exponent), value) == [value]


def test_rounding_in_place_is_the_same():
    values = np.random.default_rng(0).standard_normal((3, 50))
    out, grid = np.empty_like(values), Grid(2.0**-10)
    grid.round(values, out)
    grid.round(values, values)
    assert np.array_equal(values, out)


@given(value=st.floats(2.0**-500, 2.0**500))
def test_the_power_above_is_the_smallest_that_is_not_below(value):
    power = power_above(value)
    assert Fraction(power) == integers.power_above(Fraction(value))
    assert power / 2 < value <= power


def test_a_power_of_two_is_its_own():
    assert [power_above(2.0**k) for k in range(-300, 300)] == [2.0**k for k in range(-300, 300)]


@given(count=st.integers(1, 2**60))
def test_the_bits_of_a_count_are_as_many_as_its_sums_can_grow_by(count):
    assert 2 ** bits_of(count) >= count > 2 ** bits_of(count) / 2
