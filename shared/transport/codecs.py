"""How numbers are written for the way: weights and gradients, on both sides and on every way.

A codec is a class and a line in CODECS. One that does not give back every bit changes what a run computes, so all ways
have to use it alike: that is what `as_received` is for.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
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

    def as_received(self, numbers: Array) -> Array:
        """Return what `decode` makes of the encoded numbers; for a way on which nothing has to be encoded."""
        ...


class Identity:
    """The numbers as they lie in memory, which is little-endian on both sides."""

    def nbytes(self, dtype: np.dtype[Any], count: int) -> int:
        return count * dtype.itemsize

    def encode(self, numbers: Array) -> memoryview:
        return numbers.data.cast("B")

    def decode(self, memory: Bytes, dtype: np.dtype[Any], count: int) -> Array:
        return memory[: count * dtype.itemsize].view(dtype)

    def as_received(self, numbers: Array) -> Array:
        return numbers


CODECS: dict[str, Codec] = {"identity": Identity()}
# Of every run, until there is a choice; then that will belong to what decides a run's bits, its configuration.
CODEC = CODECS["identity"]


def room(codec: Codec, dtype: np.dtype[Any], count: int) -> int:
    """Return how many bytes of memory `decode` needs for so many numbers."""
    return max(codec.nbytes(dtype, count), count * dtype.itemsize)
