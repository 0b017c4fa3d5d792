"""Reading CSV files: a sample a line, a column a value, with or without a line of names; gzipped or not."""

import csv
import io
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from shared.data.tables import WHOLE, Table, as_number, as_texts, is_missing, whole
from shared.data.unpacked import open_unpacked
from shared.errors import DataError
from shared.types import Array

_DELIMITERS = ",;\t|"
_WIDE = 2**30  # bytes that a column of texts may always take
_ROWS = 65_536  # that are converted at a time: as Python's texts they would take ten times the memory


def read_csv(path: Path, most: int | None = None) -> Table:
    """Return a CSV file as a table, or its first rows, as many as `most`.

    The delimiter is the one of `, ; tab |` that the first line has most of. That line has the names, unless one of its
    values is a number. Empty lines are left out.  Raises DataError, with the line, for what is no table.
    """
    try:
        with io.TextIOWrapper(open_unpacked(path), "utf-8-sig", newline="") as file:
            return _read(path, file, most)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8: byte {error.start} of it is not; save it as UTF-8") from None
    except _TooWideError as error:
        raise DataError(f"{path} does not fit into memory: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}; give a table, whole") from None


def _read(path: Path, file: IO[str], most: int | None) -> Table:
    first = next((line for line in file if line.strip()), "")
    if not first:
        raise DataError(f"{path} is empty; give a table with a line for each sample")
    if "\0" in first:
        raise DataError(f"{path} is no text; give a table with a line for each sample")
    delimiter = max(_DELIMITERS, key=first.count)
    file.seek(0)
    lines = _rows(path, file, delimiter)
    number, row = next(lines, (0, []))
    if not row:
        raise DataError(f"{path} has lines without a value alone; give a table with a line for each sample")
    names = [value.strip() for value in row]
    has_names = not any(as_number(_plain(value, delimiter)) == as_number(_plain(value, delimiter)) for value in names)
    if not has_names:
        names = [str(each) for each in range(len(row))]
    elif len(set(names)) < len(names) or "" in names:
        twice = next(name for name in names if not name or names.count(name) > 1)
        raise DataError(
            f"{path}, line {number}: {f'two columns are named {twice}' if twice else 'a column has no name'}; "
            "give each a name of its own"
        )
    numbers, chunks = list[int](), _Chunks(len(names), delimiter)
    if not has_names:
        numbers.append(number)
        chunks.add(row)
    for number, row in islice(lines, most):
        if len(row) != len(names):
            raise DataError(f"{path}, line {number} has {len(row)} values where {len(names)} are expected; correct it")
        numbers.append(number)
        chunks.add(row)
    if not numbers:
        raise DataError(f"{path} has names of columns, and no line below them; give a line for each sample")
    places = np.array(numbers, np.int64)
    return Table(tuple(names), chunks.columns(), len(numbers), str(path), places, has_names, unit="line")


def _rows(path: Path, file: IO[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with their lines, from 1."""
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: {error}; correct it") from None
        if row is None:
            return
        if any(value.strip() for value in row):
            yield reader.line_num, row


def _plain(text: str, delimiter: str) -> str:
    """Return a value with a point for a decimal comma, which goes with semicolons between values."""
    return text.replace(",", ".") if delimiter == ";" and text.count(",") == 1 and "." not in text else text


class _Chunks:
    """Collects rows as arrays of columns: of numbers where all values are, else of texts."""

    def __init__(self, n_columns: int, delimiter: str) -> None:
        self._rows: list[list[str]] = []
        self._columns: list[list[Array]] = [[] for _ in range(n_columns)]
        self._delimiter = delimiter

    def add(self, row: list[str]) -> None:
        self._rows.append(row)
        if len(self._rows) == _ROWS:
            self._convert()

    def columns(self) -> tuple[Array, ...]:
        """Return the columns of all rows."""
        self._convert()
        return tuple(map(_joined, self._columns))

    def _convert(self) -> None:
        for parts, values in zip(self._columns, zip(*self._rows, strict=True), strict=False):
            parts.append(_converted([value.strip() for value in values], self._delimiter))
        self._rows.clear()


def _converted(values: list[str], delimiter: str) -> Array:
    present = ["" if is_missing(value) else value for value in values]
    _check_width(max(map(len, present)), len(present), sum(map(len, present)))
    if any("_" in value for value in present):  # to Python 1_0 is a number
        return np.array(present)
    try:
        numbers = np.array([_plain(value, delimiter) or "nan" for value in present], np.float64)
    except ValueError:
        return np.array(present)
    return numbers if (np.abs(numbers[np.isfinite(numbers)]) < WHOLE).all() else _large(present, numbers)


def _large(texts: list[str], numbers: Array) -> Array:
    """Return whole numbers of which floats would make others, as integers, or if they are too large as texts."""
    try:
        found = np.array([int(text) for text in texts])
    except ValueError:
        return numbers
    return found if found.dtype.kind in "iu" else np.array(texts)


def _check_width(longest: int, n_rows: int, characters: int) -> None:
    """Raise ValueError for a column of texts of which a few are so long that all would take very much memory.

    longest: characters of its longest text; as an array, all of its texts take as much.  characters: of all.
    """
    if 4 * longest * n_rows > _WIDE + 10 * characters:
        raise _TooWideError(
            f"a column has a text of {longest} characters, and as an array each of its {n_rows} texts would take as "
            "much; shorten it, or leave that column out of the file"
        )


class _TooWideError(ValueError):
    """A column takes far more memory than its file."""


def _joined(parts: list[Array]) -> Array:
    """Return the parts of a column as one: rows that are converted together may be numbers alone, others are not."""
    kinds = {part.dtype.kind for part in parts}
    if len(texts := [part for part in parts if part.dtype.kind == "U"]) > 1:
        longest, n_rows = max(part.dtype.itemsize // 4 for part in texts), sum(map(len, texts))
        _check_width(longest, n_rows, sum(part.dtype.itemsize // 4 * len(part) for part in texts) // 2)
    if kinds <= {"f", "U"} or "U" in kinds:
        return np.concatenate(parts if len(kinds) == 1 else [_texts(part) for part in parts])
    found = np.concatenate([whole(part) for part in parts])
    if found.dtype.kind in "iu" or any(whole(part).dtype.kind == "f" for part in parts):
        return found
    return np.concatenate([_texts(part) for part in parts])


def _texts(part: Array) -> Array:
    return part if part.dtype.kind == "U" else as_texts(part)
