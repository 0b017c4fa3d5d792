"""Reading NumPy's files, .npy and .npz, without pickles."""

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from shared.errors import DataError
from shared.machine_memory import memory_bytes
from shared.regular_files import ANY_SIZE, check_regular, open_regular
from shared.types import Array


def read_npz(path: Path) -> dict[str, Any]:
    """Return the arrays of an .npz by their names.  Raises DataError, also for more than fits into memory."""
    try:
        with open_regular(path, ANY_SIZE) as file:
            with zipfile.ZipFile(file) as archive:
                size = sum(member.file_size for member in archive.infolist())
            if size > (most := memory_bytes()):
                raise DataError(
                    f"{path} unpacks to {size} bytes, and this machine has {most}; give a folder of .npy files"
                )
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: _checked(arrays[name], name) for name in arrays.files}
    except DataError:
        raise
    # Damage can surface as nearly any error of zipfile's or NumPy's.
    except Exception as error:
        raise _unreadable(path, error, "an .npz") from None


def map_npy(path: Path) -> Array:
    """Return the array of an .npy, which stays on the disk.  Raises DataError."""
    try:
        check_regular(path)
        return _checked(npy.open_memmap(path, mode="r"), "it")
    except Exception as error:
        raise _unreadable(path, error, "an .npy") from None


def _checked(array: Any, name: str) -> Array:
    """Return the array.  Raises ValueError for what is none, and for texts of what are no characters."""
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name[:40]!r} in it is no array")
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        codes = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="), copy=False).view(np.uint32)
        if codes.max() > sys.maxunicode:
            raise ValueError(f"{name[:40]!r} has texts of what are no characters")
    return array


def _unreadable(path: Path, error: Exception, what: str) -> DataError:
    reason = getattr(error, "strerror", None) or " ".join(str(error).split())
    if "allow_pickle" in reason or "Python objects" in reason:
        return DataError(f"{path} holds Python's objects, which are not read; save numbers, or texts with dtype str")
    return DataError(f"{path} is not {what} that can be read: {reason}; save it again with NumPy")
