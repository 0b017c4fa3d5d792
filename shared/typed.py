"""The one decoder of what was written down and is read back: each field of its type, each number in its range."""

import math
from collections.abc import Mapping
from dataclasses import fields as fields_of
from typing import Any, TypeVar

_T = TypeVar("_T")
_MOST = 2**63  # of a whole number, either way; seeds have a rule of their own


def typed(kind: type[_T], given: Any, most: int = _MOST) -> _T:
    """Return fields, as JSON gives them, as an instance of a dataclass or of any other type that annotations can name.

    most: below which whole numbers are.  Raises ValueError, in one line, for another type, for fields that are
    unknown or missing, and for numbers that are not finite or too large.
    """
    if isinstance(given, Mapping) and hasattr(kind, "__dataclass_fields__"):
        known = {field.name for field in fields_of(kind)}  # type: ignore[arg-type]
        if unknown := [name for name in given if name not in known]:
            raise ValueError(f"has an unknown field {str(unknown[0])[:40]!r}")
    _check_numbers(given, most)
    # Here, because every program has configurations, and few read one that was written down.
    import msgspec

    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise ValueError(" ".join(str(error).split())[:200]) from None


def _check_numbers(given: Any, most: int) -> None:
    """Raise ValueError for a number, however deep, that is not finite or too large."""
    if isinstance(given, Mapping):
        given = given.values()
    elif not isinstance(given, list | tuple):
        if isinstance(given, float) and not math.isfinite(given):
            raise ValueError(f"has {given}, which is no number")
        if isinstance(given, int) and not -most < given < most:
            raise ValueError("has a whole number that is too large")
        return
    for each in given:
        _check_numbers(each, most)
