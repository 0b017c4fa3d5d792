"""What the weights are before the first step. A new initializer is a class here and a line in `INITIALIZERS`."""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.nn.parameters import Parameters
from shared.types import Vector

_PAIRS = 4096  # that are drawn at a time


class Initializer(Protocol):
    """A distribution of the first weights and biases."""

    portable: bool  # whether every version of NumPy on every machine gives the same bits

    def draw(self, parameters: Parameters, words: np.random.Philox) -> None:
        """Fill the parameters with numbers that depend on the generator alone."""
        ...


class Normal:
    """N(0, 1) for all weights and biases, in the order of the vector, from raw words by arithmetic of our own."""

    portable = True

    def draw(self, parameters: Parameters, words: np.random.Philox) -> None:
        parameters.flat[:] = normal(words, len(parameters.flat))


class StandardNormal:
    """N(0, 1), the biases first, as in the notebook: NumPy's, which asks the C library for some logarithms."""

    portable = False

    def draw(self, parameters: Parameters, words: np.random.Philox) -> None:
        rng = np.random.Generator(words)
        for layer in (*parameters.biases, *parameters.weights):
            layer[...] = rng.standard_normal(layer.shape)


INITIALIZERS: dict[str, Initializer] = {
    "normal": Normal(),
    "standard-normal": StandardNormal(),
}


def normal(words: np.random.Philox, count: int) -> Vector:
    """Return the generator's next numbers of N(0, 1): (count,) float64.

    The polar method: G. Marsaglia, T. A. Bray, "A convenient method for generating normal variables", 1964. If (x, y)
    is uniform in the unit disc, and s its distance from the centre, squared, then both x and y times √(-2 ln(s) / s)
    are normal, and independent.
    """
    found: list[Vector] = []
    missing = count
    while missing > 0:
        # The odd multiples of 2^-52 between -1 and 1, which never are 0.
        v = (2.0 * (words.random_raw(2 * _PAIRS) >> np.uint64(12)) + 1.0) * 2.0**-52 - 1.0
        x, y = v.reshape(2, _PAIRS)
        s = x * x + y * y
        inside = s < 1.0
        s = s[inside]
        factor = np.sqrt(-2.0 * natural_logarithm(s) / s)
        found += [x[inside] * factor, y[inside] * factor]
        missing -= 2 * len(factor)
    return np.concatenate(found)[:count]


def natural_logarithm(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(x) for x > 0, with the same bits everywhere, off by a few units in the last place.

    With x = m 2^e and √½ <= m < √2 it is e ln(2) + 2 artanh(t), t = (m - 1) / (m + 1), and |t| < 0.172.
    """
    m, e = np.frexp(x)
    small = m < math.sqrt(0.5)
    m, e = np.where(small, 2.0 * m, m), e - small
    t = (m - 1.0) / (m + 1.0)
    square, series = t * t, np.full_like(t, 1 / 23)
    for k in range(21, 0, -2):
        series = series * square + 1 / k
    return e * 0.6931471805599453 + 2.0 * t * series
