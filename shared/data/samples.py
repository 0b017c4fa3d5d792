"""Samples in memory, and mini-batches of them as the columns of matrices."""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike

from shared.errors import DataError
from shared.nn.arithmetic import ARITHMETICS
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

    def first(self, n_samples: int) -> "LabelledSamples":
        """Return the first so many; of as many classes, though not of each there may be a sample."""
        return LabelledSamples(self.images[:n_samples], self.labels[:n_samples], self.n_classes)

    def check_inputs(self, arithmetic: str) -> None:
        """Raise DataError for inputs that an arithmetic cannot take."""
        if self.images.dtype != np.uint8:
            check_range("inputs", self.images, -1, arithmetic)

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

    def check(self, arithmetic: str) -> None:
        """Raise DataError for inputs or wanted outputs that an arithmetic cannot take."""
        check_range("inputs", self.inputs, -1, arithmetic)
        check_range("wanted outputs", self.targets, 0, arithmetic)

    def columns(self, rows: Rows, dtype: DTypeLike, grid: Grid | None = None) -> tuple[Array, Array]:
        """Return x (n_inputs, len(rows)) and y (n_outputs, len(rows)) of these rows.

        grid: that both are rounded to.
        """
        x, y = (part.take(rows, axis=0).astype(dtype) for part in (self.inputs, self.targets))
        return _rounded(x, grid).T, _rounded(y, grid).T


def check_range(what: str, values: Array, least: int, arithmetic: str) -> None:
    """Raise DataError unless all values are between that, which is -1 or 0, and 1, if the arithmetic needs it."""
    if ARITHMETICS[arithmetic].input_grid is None or values.size == 0:
        return
    if not least <= values.min() <= values.max() <= 1:
        raise DataError(
            f"{what} must be between {least} and 1 in {arithmetic} arithmetic, got {values.min() + 0.0:g} to "
            f"{values.max() + 0.0:g}; scale them, or train with --arithmetic native"
        )


def _rounded(values: Array, grid: Grid | None) -> Array:
    """Round values in place, if there is a grid."""
    if grid is not None:
        grid.round(values, values)
    return values


@cache
def _shades(grid: Grid) -> Array:
    """Return what the bytes of an image stand for, on a grid: (256,) float64."""
    # By way of float32, as in the notebook's data: its images and these have the same bits.
    return _rounded(np.divide(np.arange(256), 255, dtype=np.float32).astype(np.float64), grid)
