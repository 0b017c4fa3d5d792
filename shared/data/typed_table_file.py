"""Tables whose columns keep their types, as a DataFrame has them: an .npz that is named .table.

In a CSV the text "01" and the number 1, or `True` and "True", would be the same.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np

from shared.data.numpy_files import read_npz
from shared.data.tables import Table
from shared.errors import DataError

ENDING = ".table"
_NAMES = "names"


def to_bytes(table: Table) -> bytes:
    """Return what is to be in the file of a table, the same for the same table."""
    arrays: dict[str, Any] = {str(number): column for number, column in enumerate(table.columns)}
    arrays[_NAMES] = np.array(table.names, str)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def read_typed_table(path: Path, most: int | None = None) -> Table:
    """Return the table in a file, or its first rows, as many as `most`.  Raises DataError."""
    arrays = read_npz(path)
    names = tuple(map(str, arrays.pop(_NAMES, np.empty(0)).tolist()))
    columns = tuple(arrays[str(number)][:most] for number in range(len(names)) if str(number) in arrays)
    if not names or len(columns) != len(names) or {column.shape for column in columns} != {(len(columns[0]),)}:
        raise DataError(f"{path} is no table that GradMQ has written; give a .csv or .parquet")
    return Table(names, columns, len(columns[0]), str(path))
