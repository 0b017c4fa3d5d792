"""The project's MNIST, and small data sets for tests."""

import gzip
import struct
from pathlib import Path

import numpy as np

from shared.data.idx import read_idx

PROJECT = Path(__file__).parents[2]
MNIST = PROJECT / "data" / "mnist"


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write whole numbers up to 255 as a compressed IDX file."""
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes(), 1))


def write_small_mnist(folder: Path) -> None:
    """Write the first 1,200 training (so 1,000 to learn from) and 200 test images of MNIST, at half size: 14 x 14."""
    for part, count in (("train", 1200), ("t10k", 200)):
        images = read_idx(MNIST / f"{part}-images-idx3-ubyte.gz", 3)[:count, ::2, ::2]
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", read_idx(MNIST / f"{part}-labels-idx1-ubyte.gz", 1)[:count])
