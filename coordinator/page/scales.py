"""From figures to places on a drawing, and which figures an axis names."""

import math
from typing import NamedTuple

_TIMES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)  # seconds


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


def ticks(low: float, high: float, most: int, least: float = 0.0) -> tuple[list[float], float]:
    """Return at most so many round figures from low to high, and how far they are apart: 1, 2 or 5 times a power of 10.

    least: how far they are to be apart at least.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low], 1.0
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = _first_that_fits(low, high, most, [power * factor for factor in (1, 2, 5, 10, 20, 50)], least)
    return _multiples(low, high, step), step


def tick_texts(low: float, high: float, most: int, shares: bool = False) -> list[tuple[float, str]]:
    """Return figures as `ticks` does, and how an axis names them: all with as many decimals.

    shares: whether the figures are some, which are named as percentages.
    """
    found, step = ticks(low, high, most)
    factor, unit = (100, " %") if shares else (1, "")
    decimals = max(0, -math.floor(math.log10(step * factor) + 1e-9))
    if decimals > 5 or abs(high) >= 1e7:
        return [(figure, f"{figure * factor:g}{unit}") for figure in found]
    return [(figure, f"{figure * factor:.{decimals}f}{unit}") for figure in found]


def time_ticks(seconds: float, most: int) -> list[tuple[float, str]]:
    """Return at most so many round times from 0 on, in seconds, and how an axis names them."""
    step = _first_that_fits(0.0, seconds, most, [*_TIMES, *(days * 86400 for days in (1, 2, 5, 10, 20, 50, 100))], 0.0)
    return [(time, _clock(time)) for time in _multiples(0.0, seconds, step)]


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:g} s"
    minutes = round(seconds) // 60
    if minutes < 60:
        return f"{minutes}:{round(seconds) % 60:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _first_that_fits(low: float, high: float, most: int, steps: list[float], least: float) -> float:
    fitting = (step for step in steps if _count(low, high, step) <= most and step >= least)
    return next(fitting, (high - low) / most)


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, first + _count(low, high, step))]


def _count(low: float, high: float, step: float) -> int:
    return math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) + 1


def around(figures: list[float]) -> tuple[float, float]:
    """Return from where to where an axis goes that shows these figures, of which there are some."""
    low, high = min(figures), max(figures)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room
