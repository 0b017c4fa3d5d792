"""The natural logarithm from a table. The one in full precision is tested with the initializers, which need it."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.nn.logarithm import quick_logarithm


@given(st.floats(2.0**-60, 2.0**60))
def test_the_quick_logarithm_is_good_to_26_bits_after_the_point(x):
    assert abs(float(quick_logarithm(np.array([x]))[0]) - math.log(x)) < 2.0**-26


def test_it_is_so_where_one_tangent_ends_and_the_next_begins():
    seams = 0.5 + np.arange(4097) / 8192
    x = np.concatenate([np.nextafter(seams, 0), seams, np.nextafter(seams, 2)])
    assert np.abs(quick_logarithm(x) - np.log(x)).max() < 2.0**-26
