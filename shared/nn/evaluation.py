"""How good a network is, and whether its numbers are numbers."""

import math
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from shared.nn.inputs import InputFormat
from shared.nn.mlp import MLP, Layers
from shared.nn.score import Score, added
from shared.types import Array, Rows, Vector

CHUNK = 1000  # samples of one pass: always the same, for in native arithmetic they may decide the last bits


class Samples(Protocol):
    """Samples, and what is wanted of them: outputs, and the number of the class, if they have any."""

    def __len__(self) -> int: ...
    def inputs(self, rows: Rows, form: InputFormat) -> Array: ...
    def wanted(self, rows: Rows, form: InputFormat) -> tuple[Array, Rows | None]: ...


def evaluate(mlp: MLP, layers: Layers, samples: Samples) -> Score:
    """Return how good a network is on these samples.  layers: as `MLP.rounded` gives them."""
    starts = range(0, len(samples), CHUNK)
    rows = (np.arange(start, min(start + CHUNK, len(samples))) for start in starts)
    return added([score_of(mlp, layers, samples, each) for each in rows])


def score_of(mlp: MLP, layers: Layers, samples: Samples, rows: Rows) -> Score:
    """Return how good a network is on these rows of the samples, in one pass.  layers: as `MLP.rounded` gives them."""
    return mlp.score(layers, samples.inputs(rows, mlp.inputs), *samples.wanted(rows, mlp.inputs))


def count_correct_by_vote(mlp: MLP, layers: Layers, labels: Array, versions: Callable[[Rows], Iterable[Array]]) -> int:
    """Return for how many samples that output is the strongest, in the mean over several versions, of their class.

    layers: as `MLP.rounded` gives them.  labels: (n_samples,).  versions: gives the inputs of these samples in each of
    their versions, (n_inputs, len(rows)), in the format `MLP.inputs`. Outputs are added in the order of the versions.
    """
    correct = 0
    for start in range(0, len(labels), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(labels)))
        votes = np.zeros((mlp.sizes[-1], len(rows)))
        for x in versions(rows):
            votes += mlp.forward(layers, x)[-1]
        correct += int(np.count_nonzero(votes.argmax(0) == labels[rows]))
    return correct


def is_finite(vector: Vector) -> bool:
    """Tell whether all numbers in the vector are finite."""
    # The sum of squares is finite only if they are, and is had for a tenth of the price of looking at each.
    return math.isfinite(np.dot(vector, vector)) or bool(np.isfinite(vector).all())
