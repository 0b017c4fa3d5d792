"""How numbers are written for the way: weights and gradients, on both sides and on every way.

A codec is a class and a line in CODECS. It gives back every bit: what leaves some away decides what a run computes, and
so belongs into a strategy, which says shard by shard what a worker returns, with and without a queue.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.types import Array

Bytes = NDArray[np.uint8]


class Codec(Protocol):
    """Turns vectors of float32 or float64 into bytes, and back. It keeps nothing between two calls."""

    def nbytes(self, dtype: np.dtype[Any], count: int) -> int:
        """Return how many bytes so many numbers of that type become."""
        ...

    def encode(self, numbers: Array) -> memoryview:
        """Return the numbers as bytes; valid until the numbers change."""
        ...

    def decode(self, memory: Bytes, dtype: np.dtype[Any], count: int) -> Array:
        """Return so many numbers, in `memory` itself, at whose start their bytes are.

        memory: as large as the numbers or their bytes, whichever are larger, and aligned for the numbers.
        """
        ...


class Identity:
    """The numbers as they lie in memory, which is little-endian on both sides."""

    def nbytes(self, dtype: np.dtype[Any], count: int) -> int:
        return count * dtype.itemsize

    def encode(self, numbers: Array) -> memoryview:
        return numbers.data.cast("B")

    def decode(self, memory: Bytes, dtype: np.dtype[Any], count: int) -> Array:
        return memory[: count * dtype.itemsize].view(dtype)


CODECS: dict[str, Codec] = {
    "identity": Identity(),
}
CODEC = CODECS["identity"]  # of every run, until there is a choice


def memory_bytes(codec: Codec, dtype: np.dtype[Any], count: int) -> int:
    """Return how many bytes of memory `decode` needs for so many numbers."""
    return max(codec.nbytes(dtype, count), count * dtype.itemsize)
