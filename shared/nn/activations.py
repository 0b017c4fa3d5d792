"""What a hidden neuron makes of the sum of its inputs. A new activation is a class here and a line in `ACTIVATIONS`."""

from typing import Protocol

import numpy as np

from shared.nn.grids import value_grid
from shared.nn.tangents import SIGMOID, TANH, Scratch, Tangents
from shared.types import Array

LEAK = 0.01  # the slope of leaky ReLU below 0
SATURATION = 64.0  # where outputs that have no bound of their own end in exact arithmetic


class Activation(Protocol):
    """A function of one number, taken element by element."""

    limit: float  # a power of two that no output on the grid exceeds in magnitude
    steepest: float  # a power of two that `derivative` never exceeds in magnitude

    def apply(self, z: Array) -> None:
        """Replace the sums z, of any shape, by the outputs a."""
        ...

    def apply_on_grid(self, z: Array, scratch: Scratch) -> None:
        """Do the same with multiples of limit / 2^18 as outputs, by operations that IEEE 754 rounds alike everywhere.

        z: float64, shaped like scratch; |z| < 2^44.
        """
        ...

    def derivative(self, a: Array, out: Array) -> None:
        """Write the function's derivative at the sums whose outputs were a; `out` is shaped like a."""
        ...


class Sigmoid:
    """a = 1 / (1 + exp(-z)), so a' = a (1 - a)."""

    limit, steepest = 1.0, 0.25
    tangents: Tangents = SIGMOID

    def apply(self, z: Array) -> None:
        np.negative(z, z)
        # exp overflows to inf for very negative sums, and 1 / (1 + inf) is the right answer: 0.
        np.exp(z, z)
        z += 1.0
        np.reciprocal(z, z)

    def apply_on_grid(self, z: Array, scratch: Scratch) -> None:
        self.tangents.look_up(z, scratch)

    def derivative(self, a: Array, out: Array) -> None:
        np.subtract(1.0, a, out)
        out *= a


class Tanh:
    """a = tanh(z), so a' = 1 - a²."""

    limit, steepest = 1.0, 1.0
    tangents: Tangents = TANH

    def apply(self, z: Array) -> None:
        np.tanh(z, z)

    def apply_on_grid(self, z: Array, scratch: Scratch) -> None:
        self.tangents.look_up(z, scratch)

    def derivative(self, a: Array, out: Array) -> None:
        np.multiply(a, a, out)
        np.subtract(1.0, out, out)


class LeakyReLU:
    """a = z where z > 0, and slope * z elsewhere (A. Maas et al., 2013; without a slope V. Nair and G. Hinton, 2010).

    On the grid a stops at ±64, where its derivative counts as if it went on: so a neuron that is there can come back.
    """

    limit, steepest = SATURATION, 1.0

    def __init__(self, slope: float) -> None:
        """slope: from 0 to 1."""
        self._slope = slope

    def apply(self, z: Array) -> None:
        np.maximum(z, self._slope * z if self._slope else 0.0, out=z)

    def apply_on_grid(self, z: Array, scratch: Scratch) -> None:
        self.apply(z)
        np.clip(z, -self.limit, self.limit, z)
        value_grid(self.limit).round(z, z)

    def derivative(self, a: Array, out: Array) -> None:
        np.greater(a, 0.0, out)
        if self._slope:
            np.maximum(out, self._slope, out=out)


ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "relu": LeakyReLU(0.0),
    "leaky-relu": LeakyReLU(LEAK),
}
