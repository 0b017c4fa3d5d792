"""Mean and deviation with the same bits on every machine, whatever order a machine adds in."""

import math

import numpy as np

from shared.nn.grids import bits_of, grid_of, power_above
from shared.types import Array

_BITS = 51  # that a sum may have, and its terms too: what `Grid.round` takes


def mean_and_deviation(values: Array) -> tuple[float, float]:
    """Return the mean, and the root of the mean squared distance from it; (0, 1) of nothing, deviation 1 of equals.

    values: (n,) finite float64.
    """
    if not len(values):
        return 0.0, 1.0
    least, most = float(values.min()), float(values.max())
    if least == most:
        return least, 1.0
    scale = power_above(max(-least, most))
    scaled = values / scale  # so that no square is too large or too small for a float
    mean = _sum(scaled) / len(values)
    deviation = math.sqrt(_sum((scaled - mean) ** 2) / len(values))
    if not deviation * scale > 0:
        return mean * scale, 1.0
    return mean * scale, deviation * scale


def _sum(values: Array) -> float:
    """Return the sum of values that were rounded to a grid on which it is exact, and so the same in any order."""
    largest = float(np.abs(values).max())
    if not largest > 0:
        return 0.0
    grid = grid_of(math.ldexp(power_above(largest), bits_of(len(values)) - _BITS))
    rounded = np.empty(values.shape)
    grid.round(values, rounded)
    return float(np.add.reduce(rounded))
