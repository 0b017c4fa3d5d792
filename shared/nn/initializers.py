"""What the weights are before the first step. A new initializer is a class here and a line in `INITIALIZERS`."""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from shared.nn.logarithm import natural_logarithm
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


class Scaled:
    """N(0, variance) for weights, the variance by the numbers of neurons that they connect; from the same words."""

    portable = True

    def __init__(self, variance: Callable[[int, int, bool], float], biases: bool = False) -> None:
        """variance: by inputs and outputs of a layer, and whether it is the last.  biases: N(0, 1) too, not 0."""
        self._variance, self._biases = variance, biases

    def draw(self, parameters: Parameters, words: np.random.Philox) -> None:
        drawn = Parameters(parameters.sizes, np.float64, normal(words, len(parameters.flat)))
        for layer, (w, b) in enumerate(zip(drawn.weights, drawn.biases, strict=True), start=1):
            n_out, n_in = w.shape
            w *= math.sqrt(self._variance(n_in, n_out, layer == len(drawn.weights)))
            b *= 1.0 if self._biases else 0.0
        parameters.flat[:] = drawn.flat


INITIALIZERS: dict[str, Initializer] = {
    "normal": Normal(),
    "standard-normal": StandardNormal(),
    # Nielsen's book, chapter 3.
    "nielsen": Scaled(lambda n_in, n_out, last: 1 / n_in, biases=True),
    # Y. LeCun et al., "Efficient BackProp", 1998.
    "lecun": Scaled(lambda n_in, n_out, last: 1 / n_in),
    # X. Glorot and Y. Bengio, AISTATS 2010.
    "glorot": Scaled(lambda n_in, n_out, last: 2 / (n_in + n_out)),
    # K. He et al., ICCV 2015, for ReLUs, which none follows in the last layer.
    "he": Scaled(lambda n_in, n_out, last: (1 if last else 2) / n_in),
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
