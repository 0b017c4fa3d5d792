"""Which values a trial has: those of a grid, or drawn ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from coordinator.sweeps.space import Space, Values, grid, grid_size
from shared.nn.random import Purpose, stream


@dataclass(frozen=True)
class Tried:
    """What a method is told of an earlier trial."""

    values: Values
    score: float | None  # higher is better; None: it failed
    is_pruned: bool = False
    course: Sequence[float] = ()  # the best so far after each of its epochs


class Method(Protocol):
    """Chooses values."""

    needs_earlier: bool  # whether by what came of earlier trials

    def values(self, number: int, earlier: Mapping[int, Tried]) -> Values:
        """Return the values of a trial.  earlier: those of the trials before it that it may depend on, by number."""
        ...


class Grid:
    """Every combination once, in the order of the file."""

    needs_earlier = False

    def __init__(self, space: Space) -> None:
        self._space, self._size = space, grid_size(space)

    def values(self, number: int, earlier: Mapping[int, Tried]) -> Values:
        return next(islice(grid(self._space), number, None))


class Random:
    """Values drawn independently of each other; a trial's depend on the seed and its number alone."""

    needs_earlier = False

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._seed = space, seed

    def values(self, number: int, earlier: Mapping[int, Tried]) -> Values:
        words = stream(self._seed, Purpose.SWEEP, number).random_raw(len(self._space))
        shares = (int(word >> 11) / 2.0**53 for word in words)  # below 1
        return {name: dimension.at(share) for (name, dimension), share in zip(self._space.items(), shares, strict=True)}
