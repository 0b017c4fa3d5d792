"""Functions by their tangents: one multiplication and one addition an element, with the same bits everywhere.

exp, and all that is made of it, differs in its last bits between processors and libraries. Here nobody's exp is asked:
the tables come from Python's integers, and all else is rounded as IEEE 754 says.
"""

import numpy as np
from numpy.typing import NDArray

from shared.nn.grids import Grid
from shared.types import Array

OUTPUT_BITS = 18
OUTPUTS = Grid(2.0**-OUTPUT_BITS)  # where the outputs of all neurons lie

_STEP = 128  # tangents a unit of z
_POINTS = Grid(1 / _STEP)
_ONE = 1 << 96  # 1.0 in the integers that the tables are computed in


class Scratch:
    """Memory for looking up functions of arrays of one shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.index, self.work = np.empty(shape, np.int64), np.empty(shape)
        self.bits = self.work.view(np.int64)


class Tangents:
    """A function that is flat outside -reach … reach, by its tangents at the multiples of 1/128."""

    def __init__(self, values: NDArray[np.float64], slopes: NDArray[np.float64]) -> None:
        """values, slopes: of the function at -reach, -reach + 1/128, …, reach; the outermost stand for all beyond."""
        last = len(values) // 2
        self._slopes = slopes
        self._constants = values - slopes * (np.arange(-last, last + 1) / _STEP)
        # A float's bits count up with it: those of shift + z are those of shift + (-reach), and the table's index.
        self._first = _POINTS.shift.view(np.int64) - last

    def look_up(self, z: Array, scratch: Scratch) -> None:
        """Replace z by the function of z, rounded to the grid of outputs.

        z: float64, shaped like scratch; |z| < 2^45.
        """
        index, work = scratch.index, scratch.work
        np.add(z, _POINTS.shift, work)
        np.subtract(scratch.bits, self._first, index)
        self._slopes.take(index, None, work, "clip")
        work *= z
        self._constants.take(index, None, z, "clip")
        z += work
        OUTPUTS.round(z, z)


def _sigmoid() -> Tangents:
    """Return 1 / (1 + exp(-z)): off by less than 2^-20.3 (a fifth of the grid), and 0 or 1 from -14 and 14 on."""
    q, term, k = 0, _ONE, 0  # exp(-1/128) by its series
    while term:
        q, k = q + (-term if k % 2 else term), k + 1
        term //= _STEP * k
    power, upper = _ONE, []  # exp(-i/128)
    for _ in range(14 * _STEP + 1):
        upper.append((_ONE * _ONE // (_ONE + power)) / _ONE)
        power = power * q >> 96
    values = np.concatenate([1.0 - np.array(upper[:0:-1]), upper])
    slopes = values * (1.0 - values)
    values[0], slopes[0], values[-1], slopes[-1] = 0.0, 0.0, 1.0, 0.0
    return Tangents(values, slopes)


SIGMOID = _sigmoid()
