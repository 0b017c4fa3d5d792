"""How good a network is, and whether its numbers are numbers."""

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import DTypeLike

from shared.nn.grids import Grid
from shared.nn.mlp import MLP, Layers
from shared.types import Array, Rows, Vector

CHUNK = 1000  # samples of one pass
_LARGEST = 2.0**100  # of a cost
_COSTS = 2**40  # a sum of costs is kept as a whole number of 2^-40


class Score(NamedTuple):
    """How good weights are for some samples."""

    correct: int = 0  # samples whose strongest output is that of their class
    cost: float = 0.0  # summed over the samples: finite, and not below 0
    samples: int = 0

    @classmethod
    def of(cls, correct: int, cost: float, samples: int) -> Self:
        """Return a score.  cost: is infinite or no number where a run diverges, and then counts as very large."""
        return cls(correct, max(0.0, cost) if cost < _LARGEST else _LARGEST, samples)

    @property
    def accuracy(self) -> float:
        """Which part of the samples, of which there are some, is right."""
        return self.correct / self.samples

    @property
    def mean_cost(self) -> float:
        """The cost of a sample, of which there are some."""
        return self.cost / self.samples


@dataclass(slots=True)
class ScoreSum:
    """Scores that are added in any order, to the same sum: costs as whole numbers."""

    correct: int = 0
    cost: int = 0  # in units of 2^-40
    samples: int = 0

    def add(self, score: Score) -> None:
        self.correct += score.correct
        self.cost += int(score.cost * _COSTS)
        self.samples += score.samples

    @property
    def total(self) -> Score:
        return Score(self.correct, self.cost / _COSTS, self.samples)


class Labelled(Protocol):
    """Samples with the number of their class."""

    @property
    def labels(self) -> Array: ...
    def inputs(self, rows: Rows, dtype: DTypeLike, grid: Grid | None = None) -> Array: ...
    def columns(self, rows: Rows, dtype: DTypeLike, grid: Grid | None = None) -> tuple[Array, Array]: ...


def score_of(mlp: MLP, layers: Layers, samples: Labelled, rows: Rows) -> Score:
    """Return how good weights are for these rows of the samples, in one pass.  layers: as `MLP.rounded` gives them."""
    x, y = samples.columns(rows, mlp.dtype, mlp.arithmetic.input_grid)
    predicted, cost = mlp.judge(layers, x, y)
    return Score.of(int(np.count_nonzero(predicted == samples.labels[rows])), cost, len(rows))


def count_correct(mlp: MLP, layers: Layers, samples: Labelled) -> int:
    """Return for how many samples the strongest output is that of their class.  layers: as `MLP.rounded` gives them."""
    correct = 0
    for start in range(0, len(samples.labels), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(samples.labels)))
        predicted = mlp.predict(layers, samples.inputs(rows, mlp.dtype, mlp.arithmetic.input_grid))
        correct += int(np.count_nonzero(predicted == samples.labels[rows]))
    return correct


def is_finite(vector: Vector) -> bool:
    """Tell whether all numbers in the vector are finite."""
    # The sum of squares is finite only if they are, and is had for a tenth of the price of looking at each.
    return math.isfinite(np.dot(vector, vector)) or bool(np.isfinite(vector).all())
