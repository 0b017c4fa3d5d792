"""Reading IDX files, plain or gzipped: the format of MNIST (http://yann.lecun.com/exdb/mnist)."""

import math
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from shared.data.unpacked import open_unpacked
from shared.errors import DataError
from shared.types import Array

_UNSIGNED_BYTE = 0x08
_LIMIT = 2**30  # bytes of a file's data that are worth trying to hold in memory
_CHUNK = 2**20  # bytes


def read_idx(path: Path, dimensions: int) -> Array:
    """Return the unsigned bytes of an IDX file as an array of that many dimensions.

    Raises DataError for a file that is missing, truncated, too long, too large, or of another kind.
    """
    try:
        with open_unpacked(path) as file:
            return _read(file, path, dimensions)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {_reason(error)}; replace it by the original file") from None


def _read(file: IO[bytes], path: Path, dimensions: int) -> Array:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(
            f"{path} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}; give one of MNIST's kind"
        )
    if magic[2] != _UNSIGNED_BYTE:
        raise DataError(f"{path} holds IDX type 0x{magic[2]:02x}; only unsigned bytes (0x08) can be read; convert it")
    if magic[3] != dimensions:
        raise DataError(
            f"{path} has {magic[3]} dimensions where {dimensions} are expected; are images and labels swapped?"
        )
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise DataError(f"{path} is truncated: its header ends early; replace it by the original file")
    shape = struct.unpack(f">{dimensions}I", header)
    size = math.prod(shape)
    if not 0 < size <= _LIMIT:
        raise DataError(
            f"{path} says it holds {' x '.join(map(str, shape))} bytes; 1 to {_LIMIT} can be read: give fewer"
        )
    # In chunks: a false header must not make us allocate what is not there.
    data = bytearray()
    while len(data) < size and (chunk := file.read(min(_CHUNK, size - len(data)))):
        data += chunk
    if len(data) < size:
        raise DataError(f"{path} is truncated: {len(data)} of {size} bytes are there; replace it by the original file")
    if file.read(1):
        raise DataError(f"{path} is too long: more follows its {size} bytes; replace it by the original file")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
