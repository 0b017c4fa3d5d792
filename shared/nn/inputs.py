"""As which numbers a network takes what is in the data."""

from typing import Any

import numpy as np

from shared.nn.grids import Grid
from shared.nn.memory import Memory
from shared.types import Array, Rows


class InputFormat:
    """Inputs as (x - mean) / deviation, in a dtype, on a grid if there is one; and what is wanted, in that dtype."""

    def __init__(
        self, dtype: np.dtype[Any], grid: Grid | None = None, mean: float = 0.0, deviation: float = 1.0
    ) -> None:
        self.dtype = dtype
        self._grid, self._mean, self._deviation = grid, mean, deviation
        self._is_standardized = (mean, deviation) != (0.0, 1.0)
        self._is_plain = grid is None and not self._is_standardized
        # By way of float32, as in the notebook's data: its images and these have the same bits.
        self._shades = self._converted(np.divide(np.arange(256), 255, dtype=np.float32).astype(dtype))
        self._one_hot: dict[tuple[int, float], Array] = {}
        self._inputs, self._rows = Memory(dtype), Memory(np.uint8)

    def convert(self, values: Array) -> Array:
        """Return inputs as the network takes them; valid until the next are converted."""
        x = self._inputs.array(values.shape)
        x[...] = values
        return self._converted(x)

    def convert_bytes(self, images: Array, rows: Rows) -> Array:
        """Do the same with these rows of images of bytes, which stand for 0 … 1 in steps of 1/255."""
        shape = (len(rows), images.shape[1])
        values, x = self._rows.array(shape), self._inputs.array(shape)
        images.take(rows, 0, values, "clip")
        if self._is_plain:
            x[...] = values  # for NumPy two passes are quicker than one that also converts
            x /= 255
        else:
            self._shades.take(values, None, x, "clip")
        return x

    def _converted(self, x: Array) -> Array:
        """Replace values by inputs."""
        if self._is_standardized:
            x -= self._mean
            x /= self._deviation
        return self.on_grid(x)

    def on_grid(self, values: Array) -> Array:
        """Round in place, if there is a grid."""
        if self._grid is not None:
            self._grid.round(values, values)
        return values

    def one_hot(self, n_classes: int, smoothing: float) -> Array:
        """Return what is wanted of each class: (n_classes, n_classes), a class a row.

        With smoothing s it is 1 - s + s / n_classes for the class, and s / n_classes for the others (C. Szegedy et al.,
        CVPR 2016).
        """
        found = self._one_hot.get((n_classes, smoothing))
        if found is None:
            found = np.eye(n_classes, dtype=self.dtype) * self.dtype.type(1 - smoothing)
            found += self.dtype.type(smoothing / n_classes)
            self._one_hot[n_classes, smoothing] = found = self.on_grid(found)
        return found
