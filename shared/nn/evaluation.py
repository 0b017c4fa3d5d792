"""How good a network is, and whether its numbers are numbers."""

import math
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


def is_finite(vector: Vector) -> bool:
    """Tell whether all numbers in the vector are finite."""
    # The sum of squares is finite only if they are, and is had for a tenth of the price of looking at each.
    return math.isfinite(np.dot(vector, vector)) or bool(np.isfinite(vector).all())
