"""Reading Parquet files, by pyarrow (the extra `parquet`)."""

from pathlib import Path

import numpy as np

from shared.data.tables import Table, check_names, column_of
from shared.errors import DataError
from shared.regular_files import ANY_SIZE, open_regular
from shared.types import Array


def read_parquet(path: Path, most: int | None = None) -> Table:
    """Return a Parquet file as a table, or its first rows, as many as `most`.

    Columns of other things than numbers and texts can only be left out, see `column_of`.  Raises DataError for a file
    that is none.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise DataError(f"{path} needs pyarrow: pip install 'gradmq[parquet]'") from None
    try:
        with open_regular(path, ANY_SIZE) as opened, parquet.ParquetFile(opened) as file:
            if most is None:
                found = file.read()
            else:
                found = pyarrow.Table.from_batches([next(file.iter_batches(max(1, most)))], file.schema_arrow)
            names, values = found.column_names, list(map(_values, found.columns))
    except StopIteration:
        raise DataError(f"{path} has no rows; give a table with a row for each sample") from None
    # Names and texts of no characters are ValueErrors of Python's.
    except (OSError, ValueError, OverflowError, pyarrow.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path} cannot be read as Parquet: {reason}; write it again") from None
    if not found.num_rows:
        raise DataError(f"{path} has no rows; give a table with a row for each sample")
    check_names(names, str(path))
    return Table(tuple(names), tuple(map(column_of, values)), found.num_rows, str(path))


def _values(column: "pyarrow.ChunkedArray") -> Array:  # type: ignore[name-defined] # noqa: F821
    values = np.empty(len(column), object)
    values[:] = column.to_pylist()
    return values
