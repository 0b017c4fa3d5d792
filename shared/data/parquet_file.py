"""Reading Parquet files, by pyarrow (the extra `parquet`)."""

from pathlib import Path

import numpy as np

from shared.data.tables import Table, is_missing
from shared.errors import DataError
from shared.types import Array


def read_parquet(path: Path, most: int | None = None) -> Table:
    """Return a Parquet file as a table, or its first rows, as many as `most`.

    Raises DataError for a file that is none, or has columns of other things than numbers and texts.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError(f"{path} needs pyarrow: pip install 'gradmq[parquet]'") from None
    try:
        with parquet.ParquetFile(path) as file:
            if most is None:
                found = file.read()
            else:
                found = pyarrow.Table.from_batches([next(file.iter_batches(max(1, most)))], file.schema_arrow)
    except StopIteration:
        raise DataError(f"{path} has no rows") from None
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} cannot be read as Parquet: {' '.join(str(error).split())[:200]}") from None
    if not found.num_rows:
        raise DataError(f"{path} has no rows")
    columns = [_column(path, name, found.column(name)) for name in found.column_names]
    return Table(tuple(found.column_names), tuple(columns), found.num_rows, str(path))


def _column(path: Path, name: str, column: "pyarrow.ChunkedArray") -> Array:  # type: ignore[name-defined] # noqa: F821
    from pyarrow import types

    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind):
        return np.array([np.nan if value is None else float(value) for value in column.to_pylist()])
    if types.is_string(kind) or types.is_large_string(kind):
        texts = ["" if value is None else value.strip() for value in column.to_pylist()]
        return np.array(["" if is_missing(text) else text for text in texts])
    raise DataError(f"{path}: column {name} holds {column.type}; give numbers or texts, or leave it out")
