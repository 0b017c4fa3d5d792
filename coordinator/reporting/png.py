"""Pictures as files: grey or coloured, in PNG (ISO/IEC 15948), which needs no more than zlib."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_GREY, _COLOURS = 0, 6  # types of pixels; these colours may be transparent


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture.  pixels: as in `png`.  Raises OSError."""
    path.write_bytes(png(pixels))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as a file has it.

    pixels: (height, width), 0 for black; or (height, width, 4): red, green, blue, and 255 for what hides what is
    behind it.
    """
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8, _GREY if pixels.ndim == 2 else _COLOURS, 0, 0, 0)  # of 8 bits
    row = pixels.reshape(height, -1)
    rows = np.zeros((height, row.shape[1] + 1), np.uint8)  # each after a byte that says it is not filtered
    rows[:, 1:] = row
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
