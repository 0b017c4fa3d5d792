"""Archives of arrays, read without trusting them."""

import struct
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from shared.regular_files import open_regular

_LIMIT = 2 * 2**30  # bytes of arrays that are worth trying to hold in memory
_END = struct.Struct("<4s6xHIIH")  # a zip's last bytes: sign, entries, bytes and place of their list, of a comment
_MOST_ENTRIES = 4096
_MOST_LISTED = 2**20  # bytes of their list


def read_arrays(file: Path | IO[bytes]) -> dict[str, Any]:
    """Return the arrays of an .npz that was written by `np.savez`; without pickles.

    Memory is taken for what is in the file, never for what it says of itself: nothing in it is compressed, and
    nothing overlaps.  Raises OSError for a file that cannot be read. A damaged one can surface as nearly any error of
    zipfile's or NumPy's.
    """
    if isinstance(file, Path):
        with open_regular(file, _LIMIT) as opened:
            return read_arrays(opened)
    size = file.seek(0, 2)
    if size > _LIMIT:
        raise ValueError(f"it has {size} bytes, more than the {_LIMIT} that can be read")
    _check_list(file, size)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise ValueError(f"{member.filename[:40]!r} in it is compressed; write it with numpy.savez")
    if sum(member.file_size for member in members) > size:
        raise ValueError("it says that it holds more than its size")
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _check_list(file: IO[bytes], size: int) -> None:
    """Raise ValueError unless the list of what is in it is as short as ours: zipfile reads all of any."""
    file.seek(max(0, size - _END.size))
    end = file.read(_END.size)
    if len(end) < _END.size:
        raise ValueError("it is no archive")
    sign, entries, listed, _, comment = _END.unpack(end)
    if sign != b"PK\5\6" or comment:
        raise ValueError("it does not end as an archive does")
    if entries > _MOST_ENTRIES or listed > _MOST_LISTED:
        raise ValueError(f"it lists {entries} arrays in {listed} bytes")
    if size >= 42:
        file.seek(size - 42)
        if file.read(4) == b"PK\6\7":  # which tells of another list
            raise ValueError("it has a list for more than 4 GiB")
