"""Files that are there whole or not at all, and reading archives of arrays without trusting them."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

_LIMIT = 2 * 2**30  # bytes of arrays that are worth trying to hold in memory


def write_whole(path: Path, write: Callable[[IO[bytes]], Any]) -> None:
    """Write a file; whoever reads meanwhile, or after a crash, finds the old one or the new one, whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.strerror:
            error.filename = str(path)  # which a full disk's own error lacks
        raise
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have what was renamed in a folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_arrays(path: Path) -> dict[str, Any]:
    """Return the arrays of an .npz; without pickles.

    Raises OSError for a file that cannot be read. A damaged one can surface as nearly any error of zipfile's or
    NumPy's.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _LIMIT:
        raise ValueError(f"it unpacks to {size} bytes, more than the {_LIMIT} that can be read")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
