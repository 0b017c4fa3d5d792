"""Euclidean norms that have the same bits on every processor: sums of squares that no order can change.

The vector is scaled by a power of two so that its largest element is at most 1, the squares are rounded, one by one, to
multiples of 2^-b, and of n of them each sum in any order is a whole number of these units, at most n * 2^b. A float64
has every whole number up to 2^53. So with n <= 2^(53 - b) not one addition is rounded.

The rounding moves the sum of n squares, which is at least 1/4, by n * 2^-(b + 1) at most.
"""

import math

import numpy as np

from shared.nn.grids import Grid, bits_of, power_above
from shared.types import Array, Vector

_FLOAT64 = 53  # bits: whole numbers up to 2^53 are exact
_FINEST = 50  # bits of squares, which are at most 1: `Grid` rounds what is below 2^51 units
_LEAST, _LARGEST = -1000, 1000  # exponents of two to scale by: what is smaller has a norm of 0
_PART = 2**14  # elements whose squares are in the cache, and summed, at a time
_BITS = 38  # of the squares of a vector: _PART of them sum up to 2^52 units


def norm(vector: Vector) -> float:
    """Return the Euclidean norm of all elements; inf or nan if one of them is not finite, or above 2^1000."""
    largest = max(float(np.maximum.reduce(vector)), -float(np.minimum.reduce(vector)))
    if largest == 0 or math.isnan(largest):
        return largest
    if largest > math.ldexp(1.0, _LARGEST):
        return math.inf
    scale, grid = max(power_above(largest), math.ldexp(1.0, _LEAST)), Grid(math.ldexp(1.0, -_BITS))
    room, units = np.empty(min(_PART, len(vector))), 0
    for start in range(0, len(vector), _PART):
        part = vector[start : start + _PART]
        squares = _squares(part, 1 / scale, grid, room[: len(part)])
        units += int(math.ldexp(float(np.add.reduce(squares)), _BITS))  # Python's: however many parts there are
    return math.sqrt(math.ldexp(float(units), -_BITS)) * scale


def row_norms(matrix: Array) -> Array:
    """Return the Euclidean norm of each row, in float64.  matrix: (n_rows, n_columns)."""
    n_rows, n_columns = matrix.shape
    bits = min(_FINEST, _FLOAT64 - bits_of(n_columns))
    height, grid = max(1, _PART // n_columns), Grid(math.ldexp(1.0, -bits))
    norms, room = np.empty(n_rows), np.empty((min(height, n_rows), n_columns))
    for start in range(0, n_rows, height):
        rows = matrix[start : start + height]
        largest = np.maximum(np.maximum.reduce(rows, axis=1), -np.minimum.reduce(rows, axis=1))
        exponents = np.maximum(np.frexp(largest)[1], _LEAST)
        squares = _squares(rows, np.ldexp(1.0, -exponents)[:, np.newaxis], grid, room[: len(rows)])
        norms[start : start + height] = np.ldexp(np.sqrt(np.add.reduce(squares, axis=1)), exponents)
    return norms


def _squares(values: Array, factor: float | Array, grid: Grid, room: Array) -> Array:
    """Write the squares of the scaled values, on the grid, into the room, and return it."""
    np.multiply(values, factor, room, dtype=np.float64)
    room *= room
    grid.round(room, room)
    return room
