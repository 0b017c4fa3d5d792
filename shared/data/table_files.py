"""Tables as a source of samples: which columns are inputs, and which are to be predicted."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from shared.data.csv_file import read_csv
from shared.data.found import Found, Pair
from shared.data.options import DataOptions
from shared.data.parquet_file import read_parquet
from shared.data.tables import Table, whole
from shared.data.typed_table_file import ENDING, read_typed_table
from shared.errors import DataError
from shared.types import Array

# By the ending of the file's name, without .gz.
# most: how many rows are wanted, None: all.
READERS: dict[str, Callable[[Path, int | None], Table]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".parquet": read_parquet,
    ENDING: read_typed_table,
}


class TableFile:
    """A table in a file, one line a sample."""

    what = "a .csv or .parquet"
    takes = frozenset({"target", "ignore", "task", "test", "validation", "stratify", "impute"})

    def recognises(self, path: Path) -> bool:
        return is_table(path)

    def read(self, path: Path, options: DataOptions) -> Found:
        """Return inputs and what is to be predicted; tables for validation and test may be in files of their own."""
        if not options.target:
            raise DataError(f"{path} is a table; say which column is to be predicted, like --target NAME{_hint(path)}")
        training = _pair(read_table(path), options)
        parts = {
            part: _pair(read_table(other), options)
            for part in ("validation", "test")
            if isinstance(other := getattr(options, part), Path)
        }
        return Found(training, parts.get("validation"), parts.get("test"), str(path), options.target)


def is_table(path: Path) -> bool:
    """Tell whether a file is a table, by the ending of its name."""
    return path.is_file() and _ending(path) in READERS


def read_table(path: Path, most: int | None = None) -> Table:
    """Return the table in a file, or its first rows, by the ending of the file's name.  Raises DataError."""
    reader = READERS.get(_ending(path))
    if reader is None:
        raise DataError(f"{path} is no table that can be read; give a file that ends in {', '.join(READERS)}")
    return reader(path, most)


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _hint(path: Path) -> str:
    """Return which columns there are, if that can be told."""
    try:
        names = read_table(path, most=1).names
    except DataError:
        return ""
    return f"; it has {', '.join(names[:12])}" + (", …" if len(names) > 12 else "")


def _pair(table: Table, options: DataOptions) -> Pair:
    """Return inputs, and what is to be predicted, of a table."""
    targets = [table.number_of(name) for name in options.target]
    ignored = [table.number_of(name) for name in options.ignore]
    inputs = table.without([*targets, *ignored])
    if not inputs.names:
        raise DataError(
            f"{table.source} has no column left to predict {', '.join(options.target)} from; give more columns"
        )
    columns = [_target(table, number) for number in targets]
    if len(columns) == 1:
        return inputs, columns[0]
    for number, column in zip(targets, columns, strict=True):
        if column.dtype.kind == "U":
            row = int(np.argmax(column != ""))
            raise DataError(
                f"{table.place(row, number)}: several targets are numbers, and {str(column[row])!r} is none; correct "
                "it, or give one target"
            )
    return inputs, np.stack([column.astype(np.float64) for column in columns], 1)


def _target(table: Table, number: int) -> Array:
    """Return a column to be predicted: whole numbers, numbers or texts, none of them missing."""
    column = table.columns[number]
    lacks = column != column if table.has_numbers(number) else column == ""
    if lacks.any():
        place = table.place(int(lacks.argmax()), number)
        raise DataError(f"{place}: what is to be predicted is missing; fill it in, or leave out the row")
    return whole(column)
