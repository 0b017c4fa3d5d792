"""How good a network is, and whether its numbers are numbers."""

import math
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from shared.nn.grids import Grid
from shared.nn.mlp import MLP, Layers
from shared.types import Array, Rows, Vector

_CHUNK = 1000  # samples of one pass


class Labelled(Protocol):
    """Samples with the number of their class."""

    @property
    def labels(self) -> Array: ...
    def inputs(self, rows: Rows, dtype: DTypeLike, grid: Grid | None = None) -> Array: ...


def count_correct(mlp: MLP, layers: Layers, samples: Labelled) -> int:
    """Return for how many samples the strongest output is that of their class.  layers: as `MLP.rounded` gives them."""
    correct = 0
    for start in range(0, len(samples.labels), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(samples.labels)))
        predicted = mlp.predict(layers, samples.inputs(rows, mlp.dtype, mlp.arithmetic.input_grid))
        correct += int(np.count_nonzero(predicted == samples.labels[rows]))
    return correct


def count_correct_by_vote(mlp: MLP, layers: Layers, labels: Array, versions: Callable[[Rows], Iterable[Array]]) -> int:
    """Return for how many samples that output is the strongest, in the mean over several versions, of their class.

    layers: as `MLP.rounded` gives them.  labels: (n_samples,).  versions: gives the inputs of these samples in each of
    their versions, (n_inputs, len(rows)), on the arithmetic's `input_grid`.  In exact arithmetic outputs are multiples
    of a power of two, so that their sums are the same in any order.
    """
    correct = 0
    for start in range(0, len(labels), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(labels)))
        votes = np.zeros((mlp.sizes[-1], len(rows)))
        for x in versions(rows):
            votes += mlp.forward(layers, x)[-1]
        correct += int(np.count_nonzero(votes.argmax(0) == labels[rows]))
    return correct


def is_finite(vector: Vector) -> bool:
    """Tell whether all numbers in the vector are finite."""
    # The sum of squares is finite only if they are, and is had for a tenth of the price of looking at each.
    return math.isfinite(np.dot(vector, vector)) or bool(np.isfinite(vector).all())
