"""How good a network is, on so many samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

_LARGEST = 2.0**100  # of a pass's cost
_COSTS = 2**40  # a sum of costs is kept as a whole number of 2^-40


class Score(NamedTuple):
    """How good weights are for some samples."""

    correct: int = 0  # samples whose strongest output is that of their class
    cost: float = 0.0  # summed over the samples: finite, not below 0, and on a grid, see `shared.nn.losses`
    samples: int = 0

    @classmethod
    def of(cls, correct: int, cost: float, samples: int) -> Self:
        """Return a score.  cost: is infinite or no number where a run diverges, and then counts as very large."""
        if not 0.0 < cost < _LARGEST:
            cost = 0.0 if cost <= 0.0 else _LARGEST
        return cls(correct, cost, samples)

    @property
    def is_possible(self) -> bool:
        """Whether there can be such a score: a sum of those that `of` gives, each for a sample or more."""
        return 0 <= self.correct <= self.samples and 0 <= self.cost <= self.samples * _LARGEST

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


def added(scores: Sequence[Score]) -> Score:
    """Return the score of all samples together."""
    if len(scores) == 1:
        return scores[0]
    total = ScoreSum()
    for score in scores:
        total.add(score)
    return total.total
