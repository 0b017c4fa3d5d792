"""Into which pieces a step is cut."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple


class Piece(NamedTuple):
    """Consecutive units of a step, to be computed together."""

    first: int
    stop: int
    lease: int | None = None  # whose holder is to compute it; None: whoever comes first


def pieces(bounds: Sequence[int]) -> list[Piece]:
    """Return pieces for whoever comes first.  bounds: where they begin, and the end of the last."""
    return [Piece(first, stop) for first, stop in pairwise(bounds)]


def pieces_by_share(holders: Sequence[int], shares: Sequence[int]) -> Iterator[Piece]:
    """Give one piece for each lease in turn.  shares: units for its holder, perhaps none."""
    first = 0
    for lease, share in zip(holders, shares, strict=True):
        if share:
            yield Piece(first, first + share, lease)
            first += share


def equal_bounds(first: int, stop: int, parts: int) -> list[int]:
    """Return where so many equal parts of units `first` to `stop - 1` begin, and the end; none is empty."""
    parts = min(parts, stop - first)
    return [first + (stop - first) * part // parts for part in range(parts + 1)]
