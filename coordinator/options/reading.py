"""The options of a training that decide, with the path and the seed, which samples there are."""

from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from shared.data.folds import Fold
from shared.data.options import DataOptions
from shared.errors import ConfigError

READING = ("target", "ignore", "task", "test", "validation", "stratify", "impute", "scale", "image_size", "fold")


def to_data_options(given: dict[str, Any]) -> DataOptions:
    """Take those options from what was given, by their names, and return what they stand for.  Raises ConfigError."""
    taken = {name: given.pop(name) for name in READING}
    # A file of labels is found again from any folder.
    target = tuple(str(Path(name).absolute()) if name.endswith(".npy") else name for name in taken.pop("target") or ())
    return DataOptions(target=target, ignore=taken.pop("ignore") or (), **taken)


def from_python(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all those options, with the values that Python's users give as `to_data_options` takes them.

    Raises ConfigError for values that an option does not take.
    """
    found: dict[str, Any] = {name: given.get(name) for name in READING}
    for name, value in found.items():
        if value is not None:
            found[name] = _VALUES[name](name, value) if name in _VALUES else value
    return found


def _fold(name: str, value: Any) -> Fold:
    return value if isinstance(value, Fold) else Fold.parse(str(value))


def _names(name: str, value: Any) -> tuple[str, ...]:
    """Return columns, which may be numbers where they have no names."""
    return tuple(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else (str(value),)


def _part(name: str, value: Any) -> Path | float:
    if isinstance(value, str | Path):
        return Path(value)
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ConfigError(name, repr(value), "must be a share of the samples, or a file of others", "like 0.2")
    return float(value)


def _size(name: str, value: Any) -> tuple[int, ...]:
    """Return height and width; a number is both."""
    listed = [value, value] if isinstance(value, Integral) else value
    if isinstance(listed, str) or not isinstance(listed, Iterable):
        raise ConfigError(name, repr(value), "must be a height and a width", "like 28, 28")
    listed = list(listed)
    if not all(isinstance(each, Integral) for each in listed):
        raise ConfigError(name, repr(value), "must be a height and a width", "like 28, 28")
    return tuple(map(int, listed))


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(name, repr(value), "must be a word")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(name, repr(value), "must be True or False")
    return value


_VALUES: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("target", "ignore"), _names),
    **dict.fromkeys(("test", "validation"), _part),
    **dict.fromkeys(("task", "impute", "scale"), _word),
    "stratify": _flag,
    "image_size": _size,
    "fold": _fold,
}
