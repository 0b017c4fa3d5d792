"""Mean and deviation, to the bit in any order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.data.moments import mean_and_deviation


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=300), st.randoms(use_true_random=False))
def test_they_are_numpys_and_no_order_changes_a_bit(values, dice):
    array = np.array(values)
    mean, deviation = mean_and_deviation(array)
    size = np.abs(array).max()
    assert mean == pytest.approx(array.mean(), abs=1e-9 * size)
    if array.std() > 1e-3 * size:
        assert deviation == pytest.approx(array.std(), rel=1e-6)
    dice.shuffle(values)
    assert mean_and_deviation(np.array(values)) == (mean, deviation)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], (0, 1)), ([3.0], (3, 1)), ([0.1] * 7, (0.1, 1)), ([0, 0], (0, 1)), ([-2.0, 2.0], (0, 2))],
)
def test_where_nothing_varies_the_deviation_is_1(values, expected):
    assert mean_and_deviation(np.array(values, float)) == expected


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e30, 1e300])
def test_they_have_no_size_of_their_own(size):
    mean, deviation = mean_and_deviation(np.array([1.0, 2.0, 3.0]) * size)
    assert (mean / size, deviation / size) == pytest.approx((2, (2 / 3) ** 0.5))
