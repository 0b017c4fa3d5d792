"""From figures to places on a drawing, and which figures an axis names."""

import math
from typing import NamedTuple


class Scale(NamedTuple):
    """A line from figures to places."""

    low: float  # the figure at `start`
    high: float  # the figure at `stop`
    start: float
    stop: float

    def __call__(self, figure: float) -> float:
        """Return the place of a figure."""
        share = (figure - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + share * (self.stop - self.start)


def ticks(low: float, high: float, most: int, whole: bool = False) -> list[float]:
    """Return at most so many round figures from low to high, with equal steps of 1, 2 or 5 times a power of ten.

    whole: whether they are to be whole numbers.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    steps = (power * factor for factor in (1, 2, 5, 10, 20, 50))
    step = next(step for step in steps if _count(low, high, step) <= most and (not whole or step >= 1))
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, first + _count(low, high, step))]


def _count(low: float, high: float, step: float) -> int:
    return math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) + 1


def around(figures: list[float]) -> tuple[float, float]:
    """Return from where to where an axis goes that shows these figures, of which there are some."""
    low, high = min(figures), max(figures)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room
