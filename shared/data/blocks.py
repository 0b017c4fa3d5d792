"""Going through arrays that may lie on the disk, a piece at a time."""

from collections.abc import Iterator

import numpy as np

from shared.types import Array

_SIZE = 8 * 2**20  # bytes of a block: they are in memory together with whatever is made of them


def blocks(array: Array) -> Iterator[Array]:
    """Yield the rows of an array, in order: contiguous, some at a time, of no rows nothing."""
    for start, stop in bounds(len(array), array.itemsize * max(1, array.size // max(1, len(array)))):
        yield np.ascontiguousarray(array[start:stop])


def bounds(n_rows: int, row_size: int) -> Iterator[tuple[int, int]]:
    """Yield where the blocks of so many rows begin and end.  row_size: bytes of a row."""
    step = max(1, _SIZE // max(1, row_size))
    for start in range(0, n_rows, step):
        yield start, min(start + step, n_rows)
