"""How a column of a table becomes inputs of a network. A new kind is a class here and a line in `COLUMNS`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from shared.data.tables import Table
from shared.errors import DataError
from shared.typed import typed
from shared.types import Array

LIMIT = 8.0  # deviations; what is farther from the mean counts as that far, so that inputs have a largest size
STANDARDIZE = (0.0, 1 / LIMIT)  # what a network should take: inputs are in units of LIMIT, which this undoes
_MOST_NAMED = 6  # categories in a message


class Column(Protocol):
    """A column, and what is to be known of it to make inputs of its values."""

    kind: ClassVar[str]
    name: str

    @property
    def inputs(self) -> Sequence[str]:
        """The names of the inputs that come of it."""
        ...

    def encode(self, table: Table, number: int) -> Array:
        """Return the inputs (n_rows, n_inputs) of the table's column of that number, between -1 and 1.

        Raises DataError for a value that it cannot take, with its row.
        """
        ...


@dataclass(frozen=True)
class Numeric:
    """Numbers, in deviations from their mean: (x - mean) / deviation, between -8 and 8, divided by 8."""

    kind: ClassVar[str] = "numeric"
    name: str
    mean: float
    deviation: float
    missing: float | None = None  # what stands for a missing value; None: it is refused

    @property
    def inputs(self) -> Sequence[str]:
        return (self.name,)

    def encode(self, table: Table, number: int) -> Array:
        values = table.numbers(number)
        found = np.isnan(values)
        if found.any():
            if self.missing is None:
                raise missing_value(table, number, int(found.argmax()))
            values = np.where(found, self.missing, values)
        if not np.isfinite(values).all():
            row = int((~np.isfinite(values)).argmax())
            raise DataError(f"{table.place(row, number)}: {values[row]} is not finite; correct it")
        return encoded(values, self.mean, self.deviation)[:, np.newaxis]


@dataclass(frozen=True)
class Categorical:
    """One of several texts: an input for each, which is 1 for the one and 0 for the others (one-hot)."""

    kind: ClassVar[str] = "categorical"
    name: str
    categories: tuple[str, ...]
    missing: str | None = None  # what stands for a missing value; None: it is refused

    @property
    def inputs(self) -> Sequence[str]:
        return [f"{self.name}={category}" for category in self.categories]

    def encode(self, table: Table, number: int) -> Array:
        places = {category: place for place, category in enumerate(self.categories)}
        if self.missing is not None:
            places[""] = places[self.missing]
        texts, codes = np.unique(table.texts(number), return_inverse=True)
        found = np.array([places.get(str(text), -1) for text in texts], np.int64)[codes]
        if len(found) and found.min() < 0:
            row = int(found.argmin())
            text = str(texts[codes[row]])
            if not text:
                raise missing_value(table, number, row)
            known = ", ".join(map(repr, self.categories[:_MOST_NAMED]))
            known += ", …" if len(self.categories) > _MOST_NAMED else ""
            raise DataError(
                f"{table.place(row, number)}: {text!r} is none of the categories {known}; give one of these"
            )
        return np.eye(len(self.categories))[found] / LIMIT


COLUMNS: dict[str, type[Numeric] | type[Categorical]] = {column.kind: column for column in (Numeric, Categorical)}


def encoded(values: Array, mean: float | Array, deviation: float | Array) -> Array:
    """Return numbers as deviations from their mean, in units of LIMIT."""
    with np.errstate(over="ignore"):  # beyond the limit anyway
        z = (values - mean) / deviation
    np.clip(z, -LIMIT, LIMIT, out=z)
    z /= LIMIT
    found: Array = z
    return found


def to_json(column: Numeric | Categorical) -> dict[str, Any]:
    """Return what `from_json` takes."""
    return {"kind": column.kind, **asdict(column)}


def from_json(fields: dict[str, Any]) -> Numeric | Categorical:
    """Rebuild a column.  Raises KeyError, TypeError or ValueError for anything else."""
    own = dict(fields)
    column = typed(COLUMNS[own.pop("kind")], own)
    if isinstance(column, Numeric):
        if column.deviation <= 0:
            raise ValueError(f"column {column.name[:40]!r} has deviation {column.deviation}")
    elif column.missing not in (None, *column.categories):
        raise ValueError(f"column {column.name[:40]!r} has no category {column.missing!r:.40}")
    return column


def missing_value(table: Table, number: int, row: int) -> DataError:
    """Return the error about a value that is not there."""
    return DataError(
        f"{table.place(row, number)}: the value is missing; fill it in, leave out the row, or give --impute median"
    )
