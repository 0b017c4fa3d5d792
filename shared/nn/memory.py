"""Memory that is used again: fresh memory costs a page fault for every 4 kB, more than most of what is done there."""

from math import prod
from typing import Any

import numpy as np

from shared.types import Array


class Memory:
    """Memory for one array at a time, as large as the largest so far."""

    def __init__(self, dtype: np.dtype[Any] | type[Any]) -> None:
        self._flat = self._latest = np.empty(0, dtype)

    def array(self, shape: tuple[int, ...]) -> Array:
        """Return an array of that shape, with anything in it; valid until the next call."""
        if shape != self._latest.shape:
            count = prod(shape)
            if count > len(self._flat):
                self._flat = np.empty(count, self._flat.dtype)
            self._latest = self._flat[:count].reshape(shape)
        return self._latest
