"""How good a network is, on so many samples."""

from collections.abc import Sequence
from typing import NamedTuple


class Score(NamedTuple):
    """What came of samples: sums, which can be added."""

    correct: int = 0  # for how many the strongest output is the right one
    cost: float = 0.0  # of all, in float64, on a grid: so that sums are exact, and the same in any order
    samples: int = 0


def added(scores: Sequence[Score]) -> Score:
    """Return the score of all samples together.  scores: at least one."""
    correct, costs, samples = zip(*scores, strict=True)
    return Score(sum(correct), sum(costs), sum(samples))
