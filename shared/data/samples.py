"""Samples in memory, and mini-batches of them as the columns of matrices."""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from shared.nn.grids import Grid
from shared.types import Array, Rows


class Samples(Protocol):
    """Samples that can be had as columns."""

    def __len__(self) -> int: ...

    def columns(self, rows: Rows, dtype: DTypeLike, grid: Grid | None = None) -> tuple[Array, Array]:
        """Return x (n_inputs, len(rows)) and y (n_outputs, len(rows)) of these rows.  grid: that x is rounded to."""
        ...


@dataclass(frozen=True)
class LabelledSamples:
    """Images with the number of their class.

    images: (n_samples, n_inputs); uint8 stands for 0 … 1 in steps of 1/255, floats for themselves.
    labels: (n_samples,) int64 in range(n_classes).
    """

    images: Array
    labels: Array
    n_classes: int

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_inputs(self) -> int:
        return int(self.images.shape[1])

    @cached_property
    def sha256(self) -> str:
        """The name of these samples: SHA-256 over their shape, dtype and bytes, whatever file they came from."""
        digest = hashlib.sha256(f"{self.images.shape} {self.images.dtype.str} {self.n_classes}".encode())
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels, "<i8").data)
        return digest.hexdigest()

    @cached_property
    def _one_hot(self) -> dict[np.dtype[Any], Array]:
        return {np.dtype(dtype): np.eye(self.n_classes, dtype=dtype) for dtype in (np.float32, np.float64)}

    def columns(self, rows: Rows, dtype: DTypeLike, grid: Grid | None = None) -> tuple[Array, Array]:
        """Return x (n_inputs, len(rows)) and the one-hot y (n_classes, len(rows)) of these rows."""
        return self.inputs(rows, dtype, grid), self._one_hot[np.dtype(dtype)].take(self.labels.take(rows), axis=0).T

    def inputs(self, rows: Rows, dtype: DTypeLike, grid: Grid | None = None) -> Array:
        """Return x (n_inputs, len(rows)) of these rows.  grid: that x, then float64, is rounded to."""
        x = self.images.take(rows, axis=0)
        if x.dtype == np.uint8:
            return (np.divide(x, 255, dtype=dtype) if grid is None else _shades(grid).take(x, mode="clip")).T
        return _rounded(x.astype(dtype), grid).T


@dataclass(frozen=True)
class VectorSamples:
    """Inputs with wanted outputs. inputs: (n_samples, n_inputs) floats.  targets: (n_samples, n_outputs) floats."""

    inputs: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.inputs)

    def columns(self, rows: Rows, dtype: DTypeLike, grid: Grid | None = None) -> tuple[Array, Array]:
        """Return x (n_inputs, len(rows)) and y (n_outputs, len(rows)) of these rows.

        grid: that both are rounded to.
        """
        x, y = (part.take(rows, axis=0).astype(dtype) for part in (self.inputs, self.targets))
        return _rounded(x, grid).T, _rounded(y, grid).T


def _rounded(values: Array, grid: Grid | None) -> Array:
    """Round values in place, if there is a grid."""
    if grid is not None:
        grid.round(values, values)
    return values


@cache
def _shades(grid: Grid) -> Array:
    """Return what the bytes of an image stand for, on a grid: (256,) float64."""
    return _rounded(np.arange(256) / 255, grid)
