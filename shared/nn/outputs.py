"""What the last layer makes of its sums. A new output is a class here and a line in `OUTPUTS`."""

from typing import Protocol

import numpy as np

from shared.nn.activations import SATURATION, Sigmoid
from shared.nn.grids import Grid, value_grid
from shared.nn.tangents import Scratch, exponential
from shared.types import Array

PARTS = Grid(2.0**-40)  # of what a softmax sums


class Output(Protocol):
    """A function of all sums of a sample, which are a column: z and a are (n_outputs, n_samples)."""

    loss: str  # the one that goes with it if none is named

    def apply(self, z: Array) -> None:
        """Replace the sums z by the outputs a."""
        ...

    def apply_on_grid(self, z: Array, scratch: Scratch) -> None:
        """Do the same by operations that are rounded alike everywhere.  z: float64, shaped like scratch; |z| < 2^44."""
        ...


class SigmoidOutput(Sigmoid):
    """Each output from 0 to 1, independent of the others: one class of several, or several labels of a sample."""

    loss = "quadratic"  # the notebook's


class Softmax:
    """a_j = exp(z_j) / sum of exp(z_k): probabilities of the classes (J. S. Bridle, 1990)."""

    loss = "cross-entropy"

    def apply(self, z: Array) -> None:
        z -= z.max(0)
        np.exp(z, z)
        z /= z.sum(0)

    def apply_on_grid(self, z: Array, scratch: Scratch) -> None:
        z -= z.max(0)
        exponential(z)
        PARTS.round(z, z)  # so that their sum is exact, and thus the same in any order
        z /= np.add.reduce(z, 0)


class Linear:
    """The sums themselves, for regression. On the grid they stop at ±64."""

    loss = "quadratic"
    limit = SATURATION

    def apply(self, z: Array) -> None:
        pass

    def apply_on_grid(self, z: Array, scratch: Scratch) -> None:
        np.clip(z, -self.limit, self.limit, z)
        value_grid(self.limit).round(z, z)


OUTPUTS: dict[str, Output] = {
    "sigmoid": SigmoidOutput(),
    "softmax": Softmax(),
    "linear": Linear(),
}
