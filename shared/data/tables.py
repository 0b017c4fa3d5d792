"""A table in memory: columns of numbers or of texts, which know where in their file they are."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from shared.errors import DataError
from shared.types import Array, Rows

WHOLE = 2**53  # up to there floats tell whole numbers apart
_NUMBERS = "biuf"  # kinds of dtypes
_FOREIGN = "text"  # the field of a column of neither numbers nor texts
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})  # what stands for no value, in small letters


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    columns: each (n_rows,): numbers of any type, where NaN is missing, or str, where "" is; those of other things, as
    dates, can be left out alone, see `column_of`.
    source: the file's name, for people; "": the table comes from memory.
    places: (n_rows,) where each row is in its file, in `unit`s; None: rows are counted, from 0.
    """

    names: tuple[str, ...]
    columns: tuple[Array, ...]
    n_rows: int
    source: str = ""
    places: Rows | None = None
    has_names: bool = True  # or columns are counted, from 0
    matrix: Array | None = None  # (n_rows, n_columns) floats of which the columns are views, if they are: rows are near
    unit: str = "row"  # or "line", of a text

    @classmethod
    def of(cls, values: Any, source: str = "") -> "Table":
        """Return what is in a 2-D array, a mapping of columns, or a DataFrame, as a table.  Raises DataError."""
        if isinstance(values, Table):
            return values
        if hasattr(values, "columns") or isinstance(values, dict):  # pandas', Polars', pyarrow's, or ours
            return cls._of_columns(values, source)
        array = np.asarray(values)
        if array.ndim < 2:
            raise DataError(f"{source or 'the array'} has shape {array.shape}; give a row for each sample")
        flat = array.reshape(len(array), math.prod(array.shape[1:]))
        if flat.dtype.kind in _NUMBERS:
            flat = flat if flat.dtype.kind == "f" else flat.astype(np.float64)
            return cls(_numbered(flat.shape[1]), tuple(flat.T), len(flat), source, has_names=False, matrix=flat)
        return cls(_numbered(flat.shape[1]), tuple(map(column_of, flat.T)), len(flat), source, has_names=False)

    @classmethod
    def _of_columns(cls, values: Any, source: str) -> "Table":
        """Return a mapping of columns, or a DataFrame, as a table."""
        given = [*values] if isinstance(values, dict) else [*getattr(values, "column_names", values.columns)]
        names = tuple(map(str, given))
        check_names(names, source)
        arrays = [np.asarray(values[name]) for name in given]
        for name, array in zip(names, arrays, strict=True):
            if array.ndim != 1 or len(array) != len(arrays[0]):
                raise DataError(
                    f"{source or 'the table'}: column {name} has shape {array.shape}; give a list of values for each "
                    "column, all of one length"
                )
        columns = tuple(map(column_of, arrays))
        return cls(names, columns, len(columns[0]) if columns else 0, source)

    def __len__(self) -> int:
        return self.n_rows

    def has_numbers(self, number: int) -> bool:
        """Tell whether a column is one of numbers, and not of texts.  Raises DataError if it is of neither."""
        column = self.columns[number]
        if column.dtype.kind == "V" and len(column):
            raise DataError(
                f"{self.place(0, number)}: {column[_FOREIGN][0]} is neither a number nor a text; leave the column out, "
                f"with --ignore {self.names[number]}, or make numbers of it"
            )
        return column.dtype.kind in _NUMBERS

    def numbers(self, number: int) -> Array:
        """Return a column of numbers, (n_rows,) float64.  Raises DataError at the first value that is none."""
        column = self.columns[number]
        if self.has_numbers(number):
            return as_floats(column)
        values = np.array([as_number(text) for text in column], np.float64)
        wrong = np.isnan(values) & (column != "")
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(f"{self.place(row, number)}: {str(column[row])!r} is no number; correct it")
        return values

    def texts(self, number: int) -> Array:
        """Return a column as texts, (n_rows,); whole numbers without a fraction, as they stand in most files."""
        column = self.columns[number]
        return as_texts(column) if self.has_numbers(number) else column

    def rows(self, rows: Rows) -> "Table":
        """Return these rows, which still know where they are."""
        places = rows if self.places is None else self.places[rows]
        matrix = None if self.matrix is None else self.matrix[rows]
        columns = tuple(column[rows] for column in self.columns) if matrix is None else tuple(matrix.T)
        return Table(self.names, columns, len(rows), self.source, places, self.has_names, matrix, self.unit)

    def without(self, numbers: Sequence[int]) -> "Table":
        """Return the table without these columns."""
        kept = [number for number in range(len(self.names)) if number not in numbers]
        names, columns = tuple(self.names[k] for k in kept), tuple(self.columns[k] for k in kept)
        return Table(names, columns, self.n_rows, self.source, self.places, self.has_names, unit=self.unit)

    def number_of(self, name: str) -> int:
        """Return the number of a column.  Raises DataError if there is none of that name."""
        if name in self.names:
            return self.names.index(name)
        raise DataError(
            f"{self.source or 'the table'} has no column {name!r}; it has {_listed(self.names)}; give one of these"
        )

    def place(self, row: int, number: int | None = None) -> str:
        """Return where a value is, for people."""
        at = f"{self.unit} {row if self.places is None else self.places[row]}"
        column = "" if number is None else f", column {self.names[number]}"
        return ", ".join(filter(None, (self.source, at))) + column


def as_number(text: str) -> float:
    """Return what a text says, NaN if that is no number."""
    try:
        return float("nan" if "_" in text else text)  # 1_0 is a number to Python alone
    except ValueError:
        return float("nan")


def as_floats(values: Array) -> Array:
    """Return numbers as float64, the same array if they are.

    NaNs of all bits are missing values, and what is too large for a float64 is infinite: neither is a reason to warn.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return values.astype(np.float64, copy=False)


def as_texts(column: Array) -> Array:
    """Return numbers as the texts of categories, whole ones without a fraction; nothing for those that are missing."""
    return np.array(["" if value != value else repr(value).removesuffix(".0") for value in column.tolist()])


def whole(column: Array) -> Array:
    """Return floats that are whole numbers, none missing, and small enough to be told apart, as integers."""
    if column.dtype.kind != "f" or not (np.isfinite(column).all() and (np.abs(as_floats(column)) < WHOLE).all()):
        return column
    return column.astype(np.int64) if (column == np.rint(column)).all() else column


def is_missing(text: str) -> bool:
    """Tell whether a text stands for no value."""
    return text.strip().lower() in MISSING


def check_names(names: Sequence[str], source: str = "") -> None:
    """Raise DataError if two columns have the same name."""
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{source or 'the table'}: two columns are named {name}; give each a name of its own")


def column_of(values: Array) -> Array:
    """Return values (n_rows,) of any kind as a column: numbers of their type, texts, or neither.

    Those that are neither, as dates, are kept as texts that nothing can be learned from: in a field of a record.
    """
    if values.dtype.kind in "biu":
        return values
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    if values.dtype.kind not in "OUST":
        return _foreign(values)
    given = [None if is_nothing(value) else plain(value) for value in values.tolist()]
    if all(value is None or isinstance(value, int | float) for value in given):
        return _numbers(given)
    if not all(value is None or isinstance(value, str | int | float | Decimal) for value in given):
        return _foreign(values)
    texts = ["" if value is None else str(value).strip() for value in given]
    return np.array(["" if is_missing(text) else text for text in texts])


def plain(value: Any) -> Any:
    """Return NumPy's scalars, and bytes of a text, as what Python has for them."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return value.decode()
    return value


def is_nothing(value: object) -> bool:
    """Tell whether a value of a DataFrame is missing: also as pandas' own NA and NaT, which cannot be compared."""
    is_nan = isinstance(value, float) and value != value
    return value is None or is_nan or type(value).__name__ in ("NAType", "NaTType")


def _numbers(given: Sequence[float | None]) -> Array:
    """Return numbers, of which some may be missing, as a column."""
    if given and all(isinstance(value, bool) for value in given):
        return np.array(given, bool)
    if given and all(isinstance(value, int) for value in given):
        found = np.array(given)
        if found.dtype.kind in "iu":
            return found
    return np.array([np.nan if value is None else float(value) for value in given], np.float64)


def _foreign(values: Array) -> Array:
    texts = np.array([str(value) for value in values], str)
    return texts.view([(_FOREIGN, texts.dtype)])


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
