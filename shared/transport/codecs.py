"""How numbers are written for the way: weights and gradients, on both sides and on every way.

A codec is a class and a line in CODECS. It gives back every bit: what leaves some away decides what a run computes, and
so belongs into a strategy, which says what weights travel and what a worker returns, with and without a queue.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.config import TrainConfig
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


class Single:
    """Numbers as float32, for those that it holds exactly: weights on the grid of `shared.nn.arithmetic.exact`."""

    def nbytes(self, dtype: np.dtype[Any], count: int) -> int:
        return count * 4

    def encode(self, numbers: Array) -> memoryview:
        return numbers.astype(np.float32).data.cast("B")

    def decode(self, memory: Bytes, dtype: np.dtype[Any], count: int) -> Array:
        narrow, wide = memory[: count * 4].view(np.float32), memory[: count * dtype.itemsize].view(dtype)
        # From the end, half by half: what is written then never overlaps what is still to be read, which NumPy would
        # copy first.
        stop = count
        while stop > _SMALL:
            start = -(-stop // 2)
            wide[start:stop] = narrow[start:stop]
            stop = start
        wide[:stop] = narrow[:stop].copy()
        return wide


_SMALL = 512  # numbers that are copied sooner than halved again

CODECS: dict[str, Codec] = {
    "identity": Identity(),
    "single": Single(),
}


class Codecs(NamedTuple):
    """How a run's tensors are written."""

    weights: Codec
    gradients: Codec


def codecs_of(config: TrainConfig) -> Codecs:
    """Return the codecs of a run.  Weights of exact arithmetic have at most 24 bits, sums nearly all of a float64's."""
    return Codecs(CODECS["single" if config.any_order else "identity"], CODECS["identity"])


def memory_bytes(codec: Codec, dtype: np.dtype[Any], count: int) -> int:
    """Return how many bytes of memory `decode` needs for so many numbers."""
    return max(codec.nbytes(dtype, count), count * dtype.itemsize)
