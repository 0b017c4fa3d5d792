"""Frozen dataclasses of several kinds, as JSON: {"kind": "nesterov", "momentum": 0.9}.

A kind is a class with its name in `kind: ClassVar[str]`; its fields are numbers, and have defaults or are required.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from types import NoneType
from typing import Any, TypeVar, get_args

from shared.errors import ConfigError

_T = TypeVar("_T")


def to_json(instance: Any) -> dict[str, Any]:
    """Return what `from_json` takes. Fields that are None are left out."""
    options = {field.name: getattr(instance, field.name) for field in fields(instance)}
    return {"kind": instance.kind, **{name: value for name, value in options.items() if value is not None}}


def from_json(kinds: Mapping[str, type[_T]], given: Any, what: str) -> _T:
    """Rebuild an instance of one of the kinds.

    given: what `to_json` returned, or only the name of a kind, with its defaults.
    what: it is, for the error: "optimizer".

    Raises ConfigError for an unknown kind, an unknown or missing field, or a value that its type or its kind refuses.
    """
    options = {"kind": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}
    name = options.pop("kind", None)
    if not isinstance(name, str) or name not in kinds:
        raise ConfigError(what, given if name is None else name, f"must be one of {', '.join(kinds)}")
    kind = kinds[name]
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for option in options:
        if option not in known:
            raise ConfigError(what, option, f"of the kind {name} has {', '.join(known) or 'no options'}")
    for option, field in known.items():
        if field.default is MISSING and option not in options:
            raise ConfigError(what, "none", f"of the kind {name} needs {option}")
    return kind(**{option: _number(known[option], value) for option, value in options.items()})


def describe(instance: Any) -> str:
    """Return an instance for people: its kind, and the fields that are not 0."""
    options = [
        f"{field.name.replace('_', ' ')} {getattr(instance, field.name):g}"
        for field in fields(instance)
        if getattr(instance, field.name)
    ]
    return f"{instance.kind} ({', '.join(options)})" if options else str(instance.kind)


def _number(field: "Field[Any]", value: Any) -> Any:
    """Return the value as its field has it.  Raises ConfigError."""
    types = get_args(field.type) or (field.type,)
    if value is None and NoneType in types:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(field.name, value, "must be a number")
    if float in types:
        if not math.isfinite(value):
            raise ConfigError(field.name, value, "must be a finite number")
        return float(value)
    if value != value // 1:
        raise ConfigError(field.name, value, "must be a whole number")
    return int(value)
