"""A network's weights and biases (or a gradient of them) in one flat vector."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from shared.types import Array, Vector


class Parameters:
    """W_1, b_1, W_2, b_2, … as views of one vector.

    The vector is what is sent, added and hashed; the views are what the formulas use. Both are the same
    memory, so a step on `flat` is a step on every layer.

    flat: (count,) little-endian floats.  weights[l]: (sizes[l+1], sizes[l]).  biases[l]: (sizes[l+1], 1).
    """

    def __init__(self, sizes: Sequence[int], dtype: DTypeLike = np.float32, flat: Vector | None = None) -> None:
        """Lay the layers over `flat`, or over a new vector of zeros."""
        self.sizes = tuple(sizes)
        self.dtype = np.dtype(dtype).newbyteorder("<")
        count = self.count(self.sizes)
        if flat is None:
            flat = np.zeros(count, self.dtype)
        if flat.shape != (count,) or flat.dtype != self.dtype:
            raise ValueError(f"layers {self.sizes} need {count} x {self.dtype}, got {flat.shape} x {flat.dtype}")
        self.flat = flat
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        start = 0
        for inputs, outputs in pairwise(self.sizes):
            end = start + outputs * inputs
            self.weights.append(flat[start:end].reshape(outputs, inputs))
            self.biases.append(flat[end : end + outputs].reshape(outputs, 1))
            start = end + outputs

    @staticmethod
    def count(sizes: Sequence[int]) -> int:
        """Return how many numbers the layers hold."""
        return sum(outputs * (inputs + 1) for inputs, outputs in pairwise(sizes))

    def __reduce__(self) -> tuple[Any, ...]:
        """Have copies, also in other processes, lay their layers over the vector, as here."""
        return Parameters, (self.sizes, self.dtype, self.flat)

    def converted(self, dtype: DTypeLike) -> "Parameters":
        """Return them as numbers of another type, in a vector of their own: rounded, if that is a narrower one."""
        with np.errstate(over="ignore"):  # of what no number of that type is near to; it becomes infinite
            return Parameters(self.sizes, dtype, self.flat.astype(np.dtype(dtype).newbyteorder("<")))

    def copy(self) -> "Parameters":
        """Return the same layers over a vector of their own."""
        return Parameters(self.sizes, self.dtype, self.flat.copy())

    @property
    def sha256(self) -> str:
        """The fingerprint: SHA-256 of W_1, b_1, W_2, b_2, … as little-endian C-order bytes."""
        return hashlib.sha256(self.flat.data).hexdigest()
