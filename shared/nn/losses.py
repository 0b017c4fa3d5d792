"""How wrong an output is. A new loss is a class here and a line in `LOSSES`."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from shared.nn.activations import SATURATION, Sigmoid
from shared.nn.grids import Grid
from shared.nn.logarithm import quick_logarithm
from shared.nn.outputs import Output, Softmax
from shared.types import Array, Vector

COSTS = Grid(2.0**-24)  # what costs are summed of, so that sums below 2^29 are exact, in any order
SQUARES = 2**16  # outputs whose squared distances are summed exactly without being rounded
_LEAST = 2.0**-40  # of a probability whose logarithm is taken: a wrong output that is certain costs 28, not infinity


class Loss(Protocol):
    """The cost of a network's outputs a, where y were wanted. Both are (n_outputs, n_samples)."""

    outputs: Sequence[str]  # that it goes with, by their names in `OUTPUTS`

    def delta_bound(self, output: Output) -> float:
        """Return what no delta can exceed, if what is wanted is what the output can be."""
        ...

    def costs(self, output: Output, a: Array, y: Array) -> Vector:
        """Return the cost of every sample: (n_samples,) float64, multiples of 2^-24."""
        ...

    def cost(self, output: Output, a: Array, y: Array) -> float:
        """Return the cost of all samples.

        How it is rounded may depend on whether they have more than SQUARES outputs.
        """
        ...

    def delta(self, output: Output, a: Array, y: Array, out: Array) -> None:
        """Write the cost's derivative by the last layer's sums: (n_outputs, n_samples).

        That is one function and not two, because most pairs of loss and output have one that is simpler than the
        product of theirs.  M. Nielsen, "Neural Networks and Deep Learning", chapters 2 and 3.
        """
        ...


class Quadratic:
    """Half of the squared distance, |a - y|² / 2."""

    outputs: Sequence[str] = ("sigmoid", "linear")

    def delta_bound(self, output: Output) -> float:
        return 0.25 if isinstance(output, Sigmoid) else 2 * SATURATION

    def costs(self, output: Output, a: Array, y: Array) -> Vector:
        terms = np.subtract(a, y, dtype=np.float64)
        terms *= terms
        terms *= 0.5
        return _summed(terms)

    def cost(self, output: Output, a: Array, y: Array) -> float:
        # What is on the grid of sigmoids has squares on a grid of 2^-36.
        if a.size > SQUARES or not isinstance(output, Sigmoid):
            return float(np.add.reduce(self.costs(output, a, y)))
        distance = a - y
        return float(np.vdot(distance, distance)) / 2

    def delta(self, output: Output, a: Array, y: Array, out: Array) -> None:
        if isinstance(output, Sigmoid):
            output.derivative(a, out)
            out *= a - y
        else:
            np.subtract(a, y, out)


class CrossEntropy:
    """-log of the probability of what is wanted: -sum y log a, and for independent outputs -sum (1-y) log(1-a) too."""

    outputs: Sequence[str] = ("sigmoid", "softmax")

    def delta_bound(self, output: Output) -> float:
        return 1.0

    def costs(self, output: Output, a: Array, y: Array) -> Vector:
        a, y = a.astype(np.float64), y.astype(np.float64)
        if not isinstance(output, Softmax):
            a, y = np.concatenate([a, 1.0 - a]), np.concatenate([y, 1.0 - y])
        terms = quick_logarithm(np.maximum(a, _LEAST))
        terms *= y
        np.negative(terms, terms)
        return _summed(terms)

    def cost(self, output: Output, a: Array, y: Array) -> float:
        return float(np.add.reduce(self.costs(output, a, y)))

    def delta(self, output: Output, a: Array, y: Array, out: Array) -> None:
        np.subtract(a, y, out)  # the derivative of either output cancels out


class Huber:
    """Quadratic up to a distance of 1, then linear: d² / 2, or |d| - 1/2 (P. J. Huber, 1964)."""

    outputs: Sequence[str] = ("linear",)

    def delta_bound(self, output: Output) -> float:
        return 1.0

    def costs(self, output: Output, a: Array, y: Array) -> Vector:
        distance = np.abs(np.subtract(a, y, dtype=np.float64))
        near = np.minimum(distance, 1.0)
        return _summed(near * (distance - 0.5 * near))

    def cost(self, output: Output, a: Array, y: Array) -> float:
        return float(np.add.reduce(self.costs(output, a, y)))

    def delta(self, output: Output, a: Array, y: Array, out: Array) -> None:
        np.subtract(a, y, out)
        np.clip(out, -1.0, 1.0, out)


LOSSES: dict[str, Loss] = {
    "quadratic": Quadratic(),
    "cross-entropy": CrossEntropy(),
    "huber": Huber(),
}


def _summed(terms: Array) -> Vector:
    """Return the sums of the columns, after rounding the terms."""
    COSTS.round(terms, terms)
    found: Vector = np.add.reduce(terms, 0)
    return found
