"""Samples in memory as files beside the runs: a run can be resumed and verified only where its samples are."""

import fcntl
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from coordinator.runs.atomic import write_whole
from shared.data import typed_table_file
from shared.data.labels import wanted_of
from shared.data.tables import Table
from shared.errors import DataError
from shared.regular_files import read_regular

_LARGEST = 2**26  # bytes of a run's config.json
_IN_MEMORY = "the data"  # for people


@contextmanager
def kept(data: Any, runs: Path) -> Iterator[Path]:
    """Give the path of data for the time of a block: its own; or that of a file of what is in memory, in `runs`.

    data: a path, a pair (x, y) of arrays, a DataFrame or a mapping of columns; all keep their types.  The file is named
    by its content, so that runs on the same samples share it, and goes again if the block ends with an error, no run
    has it, and no other process is within such a block.  Raises DataError.
    """
    if isinstance(data, str | Path):
        yield Path(data)
        return
    ending, content = _content(data)
    path = runs / f"data-{hashlib.sha256(content).hexdigest()[:16]}{ending}"
    with _file(path, content) as file:
        try:
            yield path
        except BaseException:
            _remove_unless_used(path, file)
            raise


@contextmanager
def _file(path: Path, content: bytes) -> Iterator[BinaryIO]:
    """Give the file of that content, which nobody removes for the time of a block."""
    try:
        file = _locked(path, content)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}; check the disk") from None
    with file:
        yield file


def _locked(path: Path, content: bytes) -> BinaryIO:
    while True:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, lambda file: file.write(content))
        with suppress(FileNotFoundError):
            file = path.open("rb")
            fcntl.flock(file, fcntl.LOCK_SH)
            if _is_at(path, file):  # another process may have removed it until we had the lock
                return file
            file.close()


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _remove_unless_used(path: Path, file: BinaryIO) -> None:
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not to be had while others are within a block
        users = (*path.parent.glob("*/config.json"), *path.parent.glob("*/sweep.toml"))
        if not any(path.name.encode() in read_regular(user, _LARGEST) for user in users):
            path.unlink(missing_ok=True)
            path.parent.rmdir()  # if it was made for that


def _content(data: Any) -> tuple[str, bytes]:
    """Return the ending and the content of a file of that data."""
    if hasattr(data, "columns") or isinstance(data, dict):
        return typed_table_file.ENDING, typed_table_file.to_bytes(Table.of(data))
    if not (isinstance(data, tuple | list) and len(data) == 2):
        raise DataError(f"{type(data).__name__} is no data; give a path, a pair (x, y) of arrays, or a DataFrame")
    x, y = np.asarray(data[0]), wanted_of(data[1], _IN_MEMORY)
    if x.dtype.kind not in "biuf":
        raise DataError(f"x holds {x.dtype}, which is not all numbers; give a DataFrame and its target, or a CSV")
    file = io.BytesIO()
    np.savez(file, x=x, y=y)
    return ".npz", file.getvalue()
