"""A pair (x, y) whose x has names, as a DataFrame has, as one table: so that the model knows its columns."""

from typing import Any

import numpy as np

from shared.data.labels import wanted_of
from shared.data.tables import Table
from shared.errors import ConfigError, DataError

_NAME = "target"  # of what is wanted, if it has no name of its own


def as_table(data: Any, target: Any) -> tuple[Any, Any]:
    """Return such a pair as a table and the names of the columns that are wanted; anything else as it is.

    target: the option, which such a pair needs none of.  Raises ConfigError if it is given, and DataError.
    """
    if not (isinstance(data, tuple | list) and len(data) == 2 and _has_names(data[0])):
        return data, target
    if target is not None:
        raise ConfigError("target", repr(target), "is the y of a pair (x, y)", "leave it out, or give one table")
    table, wanted = Table.of(data[0]), wanted_of(data[1], "the data")
    if len(wanted) != len(table):
        raise DataError(f"x has {len(table)} rows, and y {len(wanted)}; give as many")
    columns = wanted[:, None] if wanted.ndim == 1 else wanted
    names: list[str] = []
    for name in _names(data[1], columns.shape[1]):
        names.append(_free(name, (*table.names, *names)))
    both = dict(zip((*table.names, *names), (*table.columns, *columns.T), strict=True))
    return both, names


def _has_names(values: Any) -> bool:
    return hasattr(values, "columns") or isinstance(values, dict)


def _names(y: Any, count: int) -> list[str]:
    """Return the names of what is wanted: its own, if it has any."""
    if hasattr(y, "columns"):
        return [str(name) for name in y.columns]
    name = getattr(y, "name", None)
    first = _NAME if name is None or np.ndim(name) else str(name)
    return [first] if count == 1 else [f"{first}_{number}" for number in range(count)]


def _free(name: str, taken: tuple[str, ...]) -> str:
    """Return a name that no column has."""
    while name in taken:
        name += "_"
    return name
