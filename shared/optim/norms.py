"""Euclidean norms that have the same bits on every processor: sums of squares that no order can change.

With s, the power of two at or above the largest element, each square is at most s². The squares are rounded, one by
one, to multiples of s² / 2^b. Of n of them each sum, in any order, is a whole number of these units, at most n * 2^b. A
float64 has every whole number up to 2^53. So with n <= 2^(53 - b) not one addition is rounded.

The rounding moves the sum of n squares, which is at least s² / 4, by n * s² / 2^(b + 1) at most.
"""

import math

import numpy as np

from shared.nn.grids import Grid, bits_of, power_above
from shared.types import Array, Vector

_FLOAT64 = 53  # bits: whole numbers up to 2^53 are exact
_FINEST = 50  # bits of squares: `Grid` rounds what is below 2^51 units
_PART = 2**14  # elements whose squares are in the cache, and summed, at a time
_BITS = 38  # of the squares of a vector: _PART of them sum up to 2^52 units
# Powers of two that can be squared, and divided by 2^50, without leaving a float64's range. Above the norm is infinite,
# below it is 0.
_LARGEST, _LEAST = 2.0**480, 2.0**-480


def norm(vector: Vector) -> float:
    """Return the Euclidean norm of all elements; nan if one is not a number, inf if one is above 2^480."""
    largest = _largest(vector)
    if not _LEAST <= largest <= _LARGEST:
        return _out_of_range(largest)
    grid, room, units = _grid(largest, _BITS), np.empty(min(_PART, len(vector))), 0
    for start in range(0, len(vector), _PART):
        part = vector[start : start + _PART]
        total = float(np.add.reduce(_squares(part, grid, room[: len(part)])))
        units += int(total / grid.unit)  # Python's, which have no limit: however many parts there are
    return math.sqrt(units * grid.unit)


def row_norms(matrix: Array) -> Array:
    """Return the Euclidean norm of each row, in float64; all are nan, inf or 0 where that of an element is.

    matrix: (n_rows, n_columns), at most 2^53 columns.
    """
    n_rows, n_columns = matrix.shape
    largest = _largest(matrix)
    if not _LEAST <= largest <= _LARGEST:
        return np.full(n_rows, _out_of_range(largest))
    bits = min(_FINEST, _FLOAT64 - bits_of(n_columns))
    grid = _grid(largest, bits)
    height = max(1, _PART // n_columns)
    norms, room = np.empty(n_rows), np.empty((min(height, n_rows), n_columns))
    for start in range(0, n_rows, height):
        rows = matrix[start : start + height]
        np.add.reduce(_squares(rows, grid, room[: len(rows)]), axis=1, out=norms[start : start + height])
    return np.sqrt(norms, norms)


def _largest(values: Array) -> float:
    return max(float(values.max()), -float(values.min()))


def _out_of_range(largest: float) -> float:
    return largest if math.isnan(largest) else math.inf if largest > 1 else 0.0


def _grid(largest: float, bits: int) -> Grid:
    """Return the grid of squares of numbers up to that."""
    limit = power_above(largest)
    return Grid(math.ldexp(limit * limit, -bits))


def _squares(values: Array, grid: Grid, room: Array) -> Array:
    """Write the squares, on the grid, into the room, and return it."""
    np.multiply(values, values, room, dtype=np.float64)
    grid.round(room, room)
    return room
