"""Rounding to grids: to the multiples of a power of two, so that sums of what is rounded can be exact."""

import math
from functools import cache, lru_cache

import numpy as np

from shared.types import Array

OUTPUT_BITS = 18  # of inputs and outputs on their grids: a value at its limit is 2^18 units


class Grid:
    """The multiples of `unit`, a power of two."""

    def __init__(self, unit: float) -> None:
        self.unit = unit
        # The floats between 2^52 and 2^53 units are the whole units. So adding this rounds to one of them (half to
        # even, says IEEE 754), and subtracting it again is exact.
        self._shift = 1.5 * 2.0**52 * unit
        self.shift = np.array(self._shift)  # an array costs NumPy less than a float, call by call

    def round(self, values: Array, out: Array) -> None:
        """Write the nearest multiples of the unit. Both are float64; |values| < 2^51 units; `out` may be `values`."""
        np.add(values, self.shift, out)
        out -= self.shift

    def rounded(self, value: float) -> float:
        """Return the nearest multiple of the unit."""
        return value + self._shift - self._shift


@lru_cache(64)
def grid_of(unit: float) -> Grid:
    """Return the grid of that unit: making one takes as long as to round a small network's deltas."""
    return Grid(unit)


@cache
def value_grid(limit: float) -> Grid:
    """Return the grid of inputs or outputs that are never larger than that, which is a power of two."""
    return Grid(math.ldexp(limit, -OUTPUT_BITS))


def power_above(value: float) -> float:
    """Return the smallest power of two that is not below the value, which is finite and above 0."""
    mantissa, exponent = math.frexp(value)  # value = mantissa * 2^exponent, where 1/2 <= mantissa < 1
    return math.ldexp(1.0, exponent - 1 if mantissa == 0.5 else exponent)


def bits_of(count: int) -> int:
    """Return log2 of a count, rounded up: by how many bits a sum of so many can be longer than its terms."""
    return (count - 1).bit_length()
