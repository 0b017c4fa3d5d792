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


def write_small_mnist(folder: Path, stride: int = 2, training: int = 1200, test: int = 200) -> None:
    """Write the first images of MNIST: 1,200 for training (so 1,000 to learn from), 200 to test on, at half size.

    stride: every how many pixels one is taken.
    """
    for part, count in (("train", training), ("t10k", test)):
        images = read_idx(MNIST / f"{part}-images-idx3-ubyte.gz", 3)[:count, ::stride, ::stride]
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", read_idx(MNIST / f"{part}-labels-idx1-ubyte.gz", 1)[:count])
