"""Samples in memory as files beside the runs: a run can be resumed and verified only where its samples are."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from coordinator.runs.atomic import write_whole
from shared.errors import DataError


@contextmanager
def kept(data: Any, runs: Path) -> Iterator[Path]:
    """Give the path of data for the time of a block: its own; or that of a file of what is in memory, in `runs`.

    data: a path, a pair (x, y) of arrays, or a DataFrame.  The file is named by its content, so that runs on the same
    samples share it, and goes again if the block ends with an error and no run has it.  Raises DataError.
    """
    if isinstance(data, str | Path):
        yield Path(data)
        return
    ending, content = _content(data)
    path = runs / f"data-{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
    is_new = not path.exists()
    if is_new:
        try:
            runs.mkdir(parents=True, exist_ok=True)
            write_whole(path, lambda file: file.write(content))
        except OSError as error:
            raise DataError(f"{path} cannot be written: {error.strerror or error}; check the disk") from None
    try:
        yield path
    except BaseException:
        if is_new and not any(path.name in file.read_text() for file in runs.glob("*/config.json")):
            path.unlink(missing_ok=True)
            with suppress(OSError):
                runs.rmdir()  # if it was made for that
        raise


def _content(data: Any) -> tuple[str, bytes]:
    """Return the ending and the content of a file of that data."""
    if hasattr(data, "to_csv"):  # pandas'
        return "csv", data.to_csv(index=False).encode()
    if hasattr(data, "write_csv"):  # Polars'
        return "csv", data.write_csv().encode()
    if not (isinstance(data, tuple) and len(data) == 2):
        raise DataError(f"{type(data).__name__} is no data; give a path, a pair (x, y) of arrays, or a DataFrame")
    x, y = (np.asarray(each) for each in data)
    if x.dtype.kind == "O":
        raise DataError("x has columns of several kinds; give a DataFrame and its target, or a CSV")
    if y.dtype.kind == "O":
        y = y.astype(str)
    file = io.BytesIO()
    np.savez(file, x=x, y=y)
    return "npz", file.getvalue()
