"""How wrong an output is. A new loss is a class here and a line in `LOSSES`."""

from typing import Protocol

import numpy as np

from shared.nn.activations import Activation
from shared.types import Array


class Loss(Protocol):
    """The cost of a network's outputs a, where y were wanted. Both are (n_outputs, n_samples)."""

    def delta_bound(self, activation: Activation) -> float:
        """Return what no delta can exceed, if what is wanted lies between the activation's values."""
        ...

    def value(self, a: Array, y: Array) -> float:
        """Return the cost, summed over the samples."""
        ...

    def delta(self, activation: Activation, a: Array, y: Array, out: Array) -> None:
        """Write the cost's derivative by the last layer's sums: (n_outputs, n_samples).

        That is one function and not two, because some pairs of loss and activation have one that is simpler than the
        product of theirs.  M. Nielsen, "Neural Networks and Deep Learning", chapter 2, BP1.
        """
        ...


class Quadratic:
    """Half of the squared distance, |a - y|² / 2."""

    def delta_bound(self, activation: Activation) -> float:
        return activation.extent * activation.steepest

    def value(self, a: Array, y: Array) -> float:
        return float(np.square(a - y).sum() / 2)

    def delta(self, activation: Activation, a: Array, y: Array, out: Array) -> None:
        activation.derivative(a, out)
        out *= a - y


LOSSES: dict[str, Loss] = {
    "quadratic": Quadratic(),
}
