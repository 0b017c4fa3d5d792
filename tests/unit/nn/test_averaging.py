"""The mean of several networks does not depend on their order."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.averaging import mean
from shared.nn.parameters import Parameters

SIZES = (2, 3, 1)
COUNT = Parameters.count(SIZES)
weights = st.lists(st.floats(-1e9, 1e9), min_size=COUNT, max_size=COUNT)


def parameters(numbers: list[float], dtype: str = "float64") -> Parameters:
    return Parameters(SIZES, dtype, np.array(numbers, dtype))


@given(several=st.lists(weights, min_size=2, max_size=6), random=st.randoms())
def test_it_is_the_exact_mean_but_for_two_roundings_in_any_order(several, random):
    found = mean(list(map(parameters, several)))
    random.shuffle(several)
    assert mean(list(map(parameters, several))).sha256 == found.sha256
    for column, number in zip(zip(*several, strict=True), found.flat.tolist(), strict=True):
        total = float(sum(map(Fraction, column)))
        assert number == total / len(several)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_mean_of_equals_is_that_and_keeps_the_dtype(dtype):
    one = parameters([0.1 * k for k in range(COUNT)], dtype)
    for several in ([one, one], [one] * 3, [one] * 8):
        found = mean(several)
        assert (found.sizes, found.dtype) == (one.sizes, one.dtype)
        np.testing.assert_allclose(found.flat, one.flat, rtol=1e-15 if dtype == "float64" else 0)
