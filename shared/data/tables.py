"""A table in memory: columns of numbers or of texts, which know where in their file they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.errors import DataError
from shared.types import Array, Rows

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})  # what stands for no value, in small letters


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    columns: each (n_rows,): floats, where NaN is missing, or str, where "" is.
    source: the file's name, for people; "": the table comes from memory.
    lines: (n_rows,) the line of each row in its file, from 1; None: rows are counted, from 0.
    """

    names: tuple[str, ...]
    columns: tuple[Array, ...]
    n_rows: int
    source: str = ""
    lines: Rows | None = None
    has_names: bool = True  # or columns are counted, from 0
    matrix: Array | None = None  # (n_rows, n_columns) floats of which the columns are views, if they are: rows are near

    @classmethod
    def of(cls, values: Any, source: str = "") -> "Table":
        """Return what is in a 2-D array, a mapping of columns, or a DataFrame, as a table.  Raises DataError."""
        if isinstance(values, Table):
            return values
        if hasattr(values, "columns") or isinstance(values, dict):  # pandas', Polars', or ours
            names = [*values] if isinstance(values, dict) else [*values.columns]
            columns = [_column(np.asarray(values[name])) for name in names]
            return cls(tuple(map(str, names)), tuple(columns), len(columns[0]) if columns else 0, source)
        array = np.asarray(values)
        if array.ndim < 2:
            raise DataError(f"{source or 'the array'} has shape {array.shape}; give a row for each sample")
        flat = array.reshape(len(array), math.prod(array.shape[1:]))
        if flat.dtype.kind in "biuf":
            flat = flat if flat.dtype.kind == "f" else flat.astype(np.float64)
            return cls(_numbered(flat.shape[1]), tuple(flat.T), len(flat), source, has_names=False, matrix=flat)
        return cls(_numbered(flat.shape[1]), tuple(map(_column, flat.T)), len(flat), source, has_names=False)

    def __len__(self) -> int:
        return self.n_rows

    def numbers(self, number: int) -> Array:
        """Return a column of numbers, (n_rows,) float64.  Raises DataError at the first value that is none."""
        column = self.columns[number]
        if column.dtype.kind == "f":
            return column.astype(np.float64, copy=False)
        values = np.array([as_number(text) for text in column], np.float64)
        wrong = np.isnan(values) & (column != "")
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(f"{self.place(row, number)}: {str(column[row])!r} is no number; correct it")
        return values

    def texts(self, number: int) -> Array:
        """Return a column as texts, (n_rows,); whole numbers without a fraction, as they stand in most files."""
        column = self.columns[number]
        if column.dtype.kind != "f":
            return column
        return np.array(list(map(as_text, column.tolist())))

    def rows(self, rows: Rows) -> "Table":
        """Return these rows, which still know where they are."""
        lines = rows if self.lines is None else self.lines[rows]
        matrix = None if self.matrix is None else self.matrix[rows]
        columns = tuple(column[rows] for column in self.columns) if matrix is None else tuple(matrix.T)
        return Table(self.names, columns, len(rows), self.source, lines, self.has_names, matrix)

    def without(self, numbers: Sequence[int]) -> "Table":
        """Return the table without these columns."""
        kept = [number for number in range(len(self.names)) if number not in numbers]
        names, columns = tuple(self.names[k] for k in kept), tuple(self.columns[k] for k in kept)
        return Table(names, columns, self.n_rows, self.source, self.lines, self.has_names)

    def number_of(self, name: str) -> int:
        """Return the number of a column.  Raises DataError if there is none of that name."""
        if name in self.names:
            return self.names.index(name)
        raise DataError(f"{self.source or 'the table'} has no column {name!r}; it has {_listed(self.names)}")

    def place(self, row: int, number: int | None = None) -> str:
        """Return where a value is, for people."""
        at = f"row {row if self.lines is None else self.lines[row]}"
        if self.source and self.lines is not None:
            at = f"line {self.lines[row]}"
        column = "" if number is None else f", column {self.names[number]}"
        return ", ".join(filter(None, (self.source, at))) + column


def as_number(text: str) -> float:
    """Return what a text says, NaN if that is no number."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def as_text(value: float) -> str:
    """Return a number as the text of a category; nothing for one that is missing."""
    return "" if value != value else repr(value).removesuffix(".0")


def is_missing(text: str) -> bool:
    """Tell whether a text stands for no value."""
    return text.strip().lower() in MISSING


def _column(values: Array) -> Array:
    """Return values of any kind as a column."""
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    given = [None if _is_nothing(value) else value for value in values.tolist()]
    if all(value is None or isinstance(value, int | float) for value in given):
        return np.array([np.nan if value is None else float(value) for value in given])
    texts = ["" if value is None else str(value).strip() for value in given]
    return np.array(["" if is_missing(text) else text for text in texts])


def _is_nothing(value: object) -> bool:
    """Tell whether a value of a DataFrame is missing: also as pandas' own NA and NaT, which cannot be compared."""
    is_nan = isinstance(value, float) and value != value
    return value is None or is_nan or type(value).__name__ in ("NAType", "NaTType")


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
