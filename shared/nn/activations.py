"""What a neuron makes of the sum of its inputs. A new activation is a class here and a line in `ACTIVATIONS`."""

from typing import Protocol

import numpy as np

from shared.nn.tangents import SIGMOID, Tangents
from shared.types import Array


class Activation(Protocol):
    """A function of one number, taken element by element. Its values are between -1 and 1."""

    extent: float  # its largest value less its smallest
    steepest: float  # a power of two that `derivative` never exceeds
    tangents: Tangents  # the function on the grid of outputs, for exact arithmetic

    def apply(self, z: Array) -> None:
        """Replace the sums z, of any shape, by the outputs a."""
        ...

    def derivative(self, a: Array, out: Array) -> None:
        """Write the function's derivative at the sums whose outputs were a; `out` is shaped like a."""
        ...


class Sigmoid:
    """a = 1 / (1 + exp(-z)), so a' = a (1 - a)."""

    extent, steepest, tangents = 1.0, 0.25, SIGMOID

    def apply(self, z: Array) -> None:
        np.negative(z, z)
        # exp overflows to inf for very negative sums, and 1 / (1 + inf) is the right answer: 0.
        np.exp(z, z)
        z += 1.0
        np.reciprocal(z, z)

    def derivative(self, a: Array, out: Array) -> None:
        np.subtract(1.0, a, out)
        out *= a


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Sigmoid(),
}
