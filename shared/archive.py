"""Archives of arrays, read without trusting them."""

import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

_LIMIT = 2 * 2**30  # bytes of arrays that are worth trying to hold in memory


def read_arrays(file: Path | IO[bytes]) -> dict[str, Any]:
    """Return the arrays of an .npz; without pickles.

    Raises OSError for a file that cannot be read. A damaged one can surface as nearly any error of zipfile's or
    NumPy's.
    """
    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _LIMIT:
        raise ValueError(f"it unpacks to {size} bytes, more than the {_LIMIT} that can be read")
    if not isinstance(file, Path):
        file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
