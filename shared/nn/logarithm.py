"""The natural logarithm, with the same bits everywhere: in full precision, and quickly from a table."""

import math

import numpy as np
from numpy.typing import NDArray

_POINTS = 4096  # of the table, between 1/2 and 1


def natural_logarithm(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(x) for x > 0, off by a few units in the last place.

    With x = m 2^e and √½ <= m < √2 it is e ln(2) + 2 artanh(t), t = (m - 1) / (m + 1), and |t| < 0.172.
    """
    m, e = np.frexp(x)
    small = m < math.sqrt(0.5)
    m, e = np.where(small, 2.0 * m, m), e - small
    t = (m - 1.0) / (m + 1.0)
    square, series = t * t, np.full_like(t, 1 / 23)
    for k in range(21, 0, -2):
        series = series * square + 1 / k
    return e * _LN_2 + 2.0 * t * series


_LN_2 = 0.6931471805599453
_MIDDLES = (np.arange(_POINTS) + 0.5) / (2 * _POINTS) + 0.5
_LOGARITHMS = natural_logarithm(_MIDDLES)


def quick_logarithm(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(x) for x > 0, off by less than 2^-26: with x = m 2^e, 1/2 <= m < 1, by the table's nearest tangent."""
    m, e = np.frexp(x)
    index = (m * (2 * _POINTS)).astype(np.int64)
    index -= _POINTS
    middle = _MIDDLES.take(index)
    m -= middle
    m /= middle
    m += _LOGARITHMS.take(index)
    m += e * _LN_2
    found: NDArray[np.float64] = m
    return found
