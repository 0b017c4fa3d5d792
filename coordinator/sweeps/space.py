"""What varies in a sweep: options of `train`, and which values each may have."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from shared.errors import ConfigError

Values = dict[str, Any]  # of a trial, by the names of the options that vary, as TOML has them

_DIGITS = 6  # significant ones of a drawn number: what is left of it is the same on every machine, and can be typed
_MOST_POINTS = 10_000


@dataclass(frozen=True)
class Choices:
    """One of several values."""

    values: tuple[Any, ...]

    @property
    def points(self) -> Sequence[Any]:
        """All of them, for a grid."""
        return self.values

    def at(self, share: float) -> Any:
        """Return the value that lies at a share, 0 … 1, of the way through all."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]


@dataclass(frozen=True)
class Range:
    """A number from `low` to `high`, both included."""

    low: float
    high: float
    log: bool = False  # whether its logarithm is evenly spread
    whole: bool = False  # whether it is a whole number
    count: int | None = None  # how many of them make a grid

    def __post_init__(self) -> None:
        """Raises ConfigError, which names what is wrong by its name in the range."""
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ConfigError("high", f"{self.high:g}", f"must be above low, {self.low:g}")
        if self.log and self.low <= 0:
            raise ConfigError("low", f"{self.low:g}", "must be above 0 in a range with log")
        if self.whole and not (float(self.low).is_integer() and float(self.high).is_integer()):
            raise ConfigError("low", f"{self.low:g}", "must be whole, as must high, in a range with int")
        if self.count is not None and not 2 <= self.count <= _MOST_POINTS:
            raise ConfigError("count", self.count, f"must be between 2 and {_MOST_POINTS}")

    @property
    def points(self) -> Sequence[float]:
        """So many as `count` says, evenly spread, for a grid; of whole numbers each once."""
        n = self.count or 2
        return [*dict.fromkeys(self._number(self._spread(k / (n - 1), self.low, self.high)) for k in range(n))]

    def at(self, share: float) -> float:
        """Return the value that lies at a share, 0 … 1, of the way from low to high."""
        if not self.whole:
            return self._number(self._spread(share, self.low, self.high))
        # Half a step more on either side, so that the ends come as often as others.
        value = round(self._spread(share, self.low - 0.5, self.high + 0.5))
        return min(max(value, round(self.low)), round(self.high))

    def _spread(self, share: float, low: float, high: float) -> float:
        if self.log:
            return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        return low + share * (high - low)

    def _number(self, value: float) -> float:
        """Return a value of the range as it is tried."""
        if self.whole:
            return min(max(round(value), round(self.low)), round(self.high))
        return min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)

    def rounded(self, value: float) -> float:
        """Return a value that somebody else has drawn as it is tried."""
        return self._number(value)


Dimension = Choices | Range
Space = Mapping[str, Dimension]  # by options' names


def space_of(search: Mapping[str, Any]) -> dict[str, Dimension]:
    """Return what a [search] table stands for.  Raises ConfigError."""
    if not search:
        raise ConfigError("search", "nothing", "must say what varies", "like learning-rate = [0.1, 1.0]")
    return {name: _dimension(name, given) for name, given in search.items()}


def _dimension(name: str, given: Any) -> Dimension:
    if isinstance(given, list):
        if not given:
            raise ConfigError(f"search.{name}", "[]", "must have one value or more")
        if len({repr(each) for each in given}) != len(given):
            raise ConfigError(f"search.{name}", given, "has a value twice")
        if endless := [each for each in given if isinstance(each, float) and not math.isfinite(each)]:
            raise ConfigError(f"search.{name}", endless[0], "must be a finite number")
        return Choices(tuple(given))
    if not isinstance(given, dict):
        rule = "must be a list of values, or a range"
        raise ConfigError(
            f"search.{name}", repr(given), rule, "like [0.1, 1.0] or {low = 0.01, high = 1.0, log = true}"
        )
    known = {"low": float, "high": float, "log": bool, "int": bool, "count": int}  # as in a TOML
    for each, value in given.items():
        if each not in known:
            raise ConfigError(f"search.{name}.{each}", value, f"is not one of {', '.join(known)}")
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, bool) != (known[each] is bool) or not (is_number or isinstance(value, bool)):
            what = "true or false" if known[each] is bool else "a number"
            raise ConfigError(f"search.{name}.{each}", repr(value), f"must be {what}")
    for each in ("low", "high"):
        if each not in given:
            raise ConfigError(f"search.{name}", given, f"needs a {each}", "like {low = 0.01, high = 1.0, log = true}")
    try:
        whole, log, count = given.get("int", False), given.get("log", False), given.get("count")
        return Range(float(given["low"]), float(given["high"]), log=log, whole=whole, count=count)
    except OverflowError:
        raise ConfigError(f"search.{name}", "a larger one", "must have bounds below 1e308") from None
    except ConfigError as error:
        raise ConfigError(f"search.{name}.{error.field}", error.value, error.rule, error.hint) from None


def grid_size(space: Space) -> int:
    """Return how many combinations there are.  Raises ConfigError for a range without a `count`."""
    for name, dimension in space.items():
        if isinstance(dimension, Range) and dimension.count is None:
            rule = "needs a count in a grid"
            raise ConfigError(f"search.{name}", f"a range from {dimension.low:g} to {dimension.high:g}", rule)
    return math.prod(len(dimension.points) for dimension in space.values())


def grid(space: Space) -> Iterator[Values]:
    """Yield all combinations, the last option's values changing fastest."""
    for combination in product(*(dimension.points for dimension in space.values())):
        yield dict(zip(space, combination, strict=True))
