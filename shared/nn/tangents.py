"""Functions by their tangents: one multiplication and one addition an element, with the same bits everywhere.

exp, and all that is made of it, differs in its last bits between processors and libraries. Here nobody's exp is asked:
the tables come from Python's integers, and all else is rounded as IEEE 754 says.
"""

import numpy as np
from numpy.typing import NDArray

from shared.nn.grids import OUTPUT_BITS, Grid
from shared.types import Array

_ONE = 1 << 96  # 1.0 in the integers that the tables are computed in
_OUTPUTS = Grid(2.0**-OUTPUT_BITS)


class Scratch:
    """Memory for looking up functions of arrays of one shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.index, self.work = np.empty(shape, np.int64), np.empty(shape)
        self.bits = self.work.view(np.int64)


class Tangents:
    """A function that is flat outside -reach … reach, by its tangents at equally distant points."""

    def __init__(self, values: NDArray[np.float64], slopes: NDArray[np.float64], steps: int) -> None:
        """values, slopes: of the function at -reach, -reach + 1/steps, …, reach; the outermost stand for all beyond.

        steps: tangents a unit of z, a power of two.
        """
        self.steps, self.last = steps, len(values) // 2
        self.slopes = slopes
        self.constants = values - slopes * (np.arange(-self.last, self.last + 1) / steps)
        # A float's bits count up with it: those of shift + z are those of shift + (-reach), and the table's index.
        self._shift = Grid(1 / steps).shift
        self._first = self._shift.view(np.int64) - self.last

    def look_up(self, z: Array, scratch: Scratch) -> None:
        """Replace z by the function of z, rounded to multiples of 2^-18.

        z: float64, shaped like scratch; |z| < 2^44.
        """
        index, work = scratch.index, scratch.work
        np.add(z, self._shift, work)
        np.subtract(scratch.bits, self._first, index)
        self.slopes.take(index, None, work, "clip")
        work *= z
        self.constants.take(index, None, z, "clip")
        z += work
        _OUTPUTS.round(z, z)


def _exponentials(steps: int, count: int) -> list[int]:
    """Return exp(-i / steps) for i from 0 to count - 1, as integers of which _ONE is 1."""
    q, term, k = 0, _ONE, 0  # exp(-1 / steps) by its series
    while term:
        q, k = q + (-term if k % 2 else term), k + 1
        term //= steps * k
    power, found = _ONE, []
    for _ in range(count):
        found.append(power)
        power = power * q >> 96
    return found


def _upper_half(steps: int, reach: int) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-z)) for z = 0, 1/steps, …, reach."""
    return np.array([(_ONE * _ONE // (_ONE + power)) / _ONE for power in _exponentials(steps, reach * steps + 1)])


def _sigmoid() -> Tangents:
    """Return 1 / (1 + exp(-z)): off by less than 2^-20.3 (a fifth of the grid), and 0 or 1 from -14 and 14 on."""
    upper = _upper_half(128, 14)
    values = np.concatenate([1.0 - upper[:0:-1], upper])
    slopes = values * (1.0 - values)
    values[0], slopes[0], values[-1], slopes[-1] = 0.0, 0.0, 1.0, 0.0
    return Tangents(values, slopes, 128)


def _tanh() -> Tangents:
    """Return tanh(z) = 2 sigmoid(2z) - 1: off by less than 2^-19.3, and -1 or 1 from -7 and 7 on."""
    upper = 2.0 * _upper_half(128, 14) - 1.0  # at 0, 1/256, …, 7
    values = np.concatenate([-upper[:0:-1], upper])
    slopes = 1.0 - values * values
    values[0], slopes[0], values[-1], slopes[-1] = -1.0, 0.0, 1.0, 0.0
    return Tangents(values, slopes, 256)


SIGMOID, TANH = _sigmoid(), _tanh()

STEPS = 128  # of the table of exp(-t), a unit of t
REACH = 32  # beyond which it is 0
EXPONENTIALS = np.array([power / _ONE for power in _exponentials(STEPS, REACH * STEPS + 1)])
EXPONENTIALS[-1] = 0.0
_POINTS = Grid(1 / STEPS)


def exponential(z: Array) -> None:
    """Replace z, float64 and at most 0, by exp(z): off by less than 2^-33 of it, and 0 from -32 on."""
    np.maximum(z, -float(REACH), out=z)
    nearest = np.empty_like(z)
    _POINTS.round(z, nearest)
    z -= nearest  # at most 1/256
    nearest *= -STEPS
    factor = EXPONENTIALS.take(nearest.astype(np.int64))
    series = z / 6.0  # exp(z) = 1 + z (1 + z (1/2 + z/6)), but for z^4 / 24
    series += 0.5
    series *= z
    series += 1.0
    series *= z
    series += 1.0
    np.multiply(factor, series, z)
