"""Options as files say them, those of settings and of sweeps: each becomes what would stand on the command line."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from coordinator.options.kinds import OPTION_NAMES
from coordinator.options.precedence import Values
from shared.errors import ConfigError, SettingsError

ABOUT = ("description", "reaches", "takes")  # what a TOML may say of itself


def texts_of(
    fields: Mapping[str, Any], source: Path, names: Mapping[str, str], text: Callable[[str, Any], str]
) -> Values:
    """Return what the fields of a file stand for, by the options' names in Python.

    source: the file, for people.  names: by each name that a field may have, with underscores, the option's.
    text: returns what a value of an option is as text; raises ValueError or ConfigError for one that it does not take.
    Raises SettingsError, with the file's name.
    """
    found: Values = {}
    for name, value in flat(fields):
        option = names.get(name.replace("-", "_"))
        if option is None:
            near = difflib.get_close_matches(name.replace("-", "_"), names, 1)
            hint = f"did you mean {near[0]}?" if near else "`gradmq train -h` lists what there is"
            raise SettingsError(f"{source}: there is no option {name}; {hint}")
        if option in found:
            raise SettingsError(f"{source}: {name} is given by two of its names; give one of them")
        try:
            # What has no elements, like weights of no classes, is not given either.
            found[option] = None if value is None or value in ([], {}) else text(option, value)
        except (ValueError, ConfigError) as error:
            complaint = str(error).rstrip(".")
            raise SettingsError(f"{source}: {name}: {complaint}; `gradmq train -h` tells what it takes") from None
    return found


def flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields as options; a choice with fields of its own, as in config.json, becomes several."""
    for name, value in fields.items():
        if isinstance(value, dict) and "kind" in value:
            own = dict(value)
            kind = own.pop("kind")
            if name != "strategy":
                yield name, kind
            elif "local_steps" not in own:  # which is what chooses the strategy
                yield "local_steps", 0
            for each, its in own.items():
                yield OPTION_NAMES.get(each, each), its
        else:
            yield name, value


def plain(value: Any, *, is_number: bool = False) -> str:
    """Return a value of TOML or JSON as text: lists with commas, tables as a=1,b=2.

    is_number: whether the option takes numbers alone.  Raises ValueError for what it does not take.
    """
    if is_number and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"{value!r} is not a number")
    match value:
        case bool():
            return str(value).lower()
        case str():
            return value
        case int() | float():
            return repr(value)
        case list():
            return ",".join(map(plain, value))
        case dict():
            return ",".join(f"{name}={plain(each)}" for name, each in value.items() if each)
        case _:
            raise ValueError(f"{value} is neither a number nor text nor a list of these")
