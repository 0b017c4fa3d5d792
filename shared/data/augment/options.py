"""How strongly images are deformed, and how people write that down."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from shared.errors import ConfigError
from shared.plain_text import shortened

# The largest strength of each, in its own unit.
_MOST = {"elastic": 100.0, "rotate": 180.0, "scale": 0.9, "shear": 1.0, "shift": 100.0, "noise": 1.0}
# The strength of a name without one. Digits stay what they are.
_DEFAULT = {"elastic": 3.6, "rotate": 9.0, "scale": 0.12, "shear": 0.08, "shift": 1.0, "noise": 0.1}


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How strongly images are deformed. Each number but `noise` is drawn uniformly between minus and plus that."""

    elastic: float = 0.0  # pixels that a knot of the spline is moved by, down and to the right
    rotate: float = 0.0  # degrees
    scale: float = 0.0  # of the height, and of the width, as a fraction
    shear: float = 0.0  # of a row to the right, as a fraction of how far it is below the centre
    shift: float = 0.0  # pixels, down and to the right
    noise: float = 0.0  # standard deviation of what is added to each pixel, of the range 0 … 1

    def __post_init__(self) -> None:
        """Check every strength by itself. Raises ConfigError."""
        for name, most in _MOST.items():
            value: object = getattr(self, name)
            number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
            if not 0 <= number <= most:
                raise ConfigError("augment", f"{name}={value}", f"takes {name} between 0 and {most:g}")
            object.__setattr__(self, name, number)

    @property
    def moves_pixels(self) -> bool:
        """Whether pixels move, so that it does more than add noise."""
        return any(value for name, value in asdict(self).items() if name != "noise")

    def __str__(self) -> str:
        """Return what `parse` takes, without what is 0."""
        return ",".join(f"{name}={_shortest(value)}" for name, value in asdict(self).items() if value)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what a text like `elastic=3.6,rotate=9,shift` stands for. A bare name has its default strength.

        Raises ConfigError.
        """
        given: dict[str, float] = {}
        for part in text.split(","):
            name, equals, strength = (word.strip() for word in part.partition("="))
            if name not in _DEFAULT:
                rule = f"must be a list of {', '.join(_DEFAULT)}, each with or without =strength"
                raise ConfigError("augment", repr(text), rule, "give elastic=3.6,rotate=9, for example")
            if name in given:
                raise ConfigError("augment", repr(text), f"may have {name} once")
            try:
                given[name] = float(strength) if equals else _DEFAULT[name]
            except ValueError:
                hint = f"give {name}={_DEFAULT[name]:g}, for example"
                raise ConfigError("augment", repr(part.strip()), "must have a number after the =", hint) from None
        return cls(**given)

    def to_json(self) -> dict[str, float]:
        """Return what `from_json` takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, strengths: Mapping[str, Any]) -> Self:
        """Rebuild it; what is not named is 0. Raises ConfigError."""
        if not isinstance(strengths, Mapping):
            raise ConfigError("augment", shortened(str(strengths), 40), "must have strengths by their names")
        unknown = strengths.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ConfigError("augment", min(unknown), f"must have names among {', '.join(_DEFAULT)}")
        return cls(**strengths)


def _shortest(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
