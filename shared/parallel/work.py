"""What a step is made of: units that anyone can compute, and that sum up to the same whoever does."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.data.sampler import Step
from shared.nn.parameters import Parameters
from shared.nn.score import Score
from shared.types import Vector


class Sum(NamedTuple):
    """What comes of some units of a step."""

    total: Vector  # flat like `Parameters.flat`; of an evaluation empty
    score: Score  # of the units' samples


class Work(Protocol):
    """A step's units, divided among workers. Whoever computes them, their sum has the same bits.

    A unit is the least that can be computed alone: a sample, a shard of a mini-batch, a replica's local steps, or of an
    evaluation a chunk of the samples.
    """

    evaluates: bool  # whether the sum is a score alone, and the weights stay as they are

    # Whether a step may be cut between any two units, and the sums of its parts added in any order. Otherwise parts are
    # nodes of the tree that adds the units (`shared.parallel.reduction`).
    divisible: bool

    def bounds(self, n_samples: int) -> Sequence[int]:
        """Return where the units of a step of so many samples begin, and its end."""
        ...

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        """Return the sum of units `first` to `stop - 1` of a step; its vector is valid until the next call.

        weights: of `Strategy.broadcast`.
        """
        ...
