"""Samples in memory, and mini-batches of them as the columns of matrices."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from shared.errors import DataError
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.inputs import InputFormat
from shared.types import Array, Rows, Vector


class Samples(Protocol):
    """Samples that can be had as columns."""

    def __len__(self) -> int: ...

    def inputs(self, rows: Rows, form: InputFormat) -> Array:
        """Return x (n_inputs, len(rows)) of these rows; valid until the format converts others."""
        ...

    def wanted(self, rows: Rows, form: InputFormat, smoothing: float = 0.0) -> tuple[Array, Rows | None]:
        """Return y (n_outputs, len(rows)) of these rows, in the inputs' dtype, and their classes if they have any.

        smoothing: how much of a class's 1 is spread over all classes.
        """
        ...


@dataclass(frozen=True)
class LabelledSamples:
    """Images with the number of their class.

    images: (n_samples, n_inputs); uint8 stands for 0 … 1 in steps of 1/255, floats for themselves.
    labels: (n_samples,) int64 in range(n_classes).
    weights: (n_samples,) float64, by what the samples' costs are multiplied, see `shared.data.weights`; None: by 1.
    """

    images: Array
    labels: Array
    n_classes: int
    weights: Vector | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_inputs(self) -> int:
        return int(self.images.shape[1])

    def first(self, n_samples: int) -> "LabelledSamples":
        """Return the first so many; of as many classes, though not of each there may be a sample."""
        weights = None if self.weights is None else self.weights[:n_samples]
        return LabelledSamples(self.images[:n_samples], self.labels[:n_samples], self.n_classes, weights)

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
        if self.weights is not None:
            digest.update(np.ascontiguousarray(self.weights, "<f8").data)
        return digest.hexdigest()

    def inputs(self, rows: Rows, form: InputFormat) -> Array:
        """Return x (n_inputs, len(rows)) of these rows."""
        if self.images.dtype == np.uint8:
            return form.convert_bytes(self.images, rows).T
        return form.convert(self.images.take(rows, axis=0)).T

    def wanted(self, rows: Rows, form: InputFormat, smoothing: float = 0.0) -> tuple[Array, Rows]:
        """Return the one-hot y (n_classes, len(rows)) of these rows, and their classes (len(rows),)."""
        labels = self.labels.take(rows)
        return form.one_hot(self.n_classes, smoothing).take(labels, axis=0).T, labels


@dataclass(frozen=True)
class VectorSamples:
    """Vectors with wanted outputs. vectors: (n_samples, n_inputs) floats.  targets: (n_samples, n_outputs) floats."""

    vectors: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.vectors)

    def check(self, arithmetic: str) -> None:
        """Raise DataError for inputs or wanted outputs that an arithmetic cannot take."""
        check_range("inputs", self.vectors, -1, arithmetic)
        check_range("wanted outputs", self.targets, 0, arithmetic)

    def inputs(self, rows: Rows, form: InputFormat) -> Array:
        """Return x (n_inputs, len(rows)) of these rows."""
        return form.convert(self.vectors.take(rows, axis=0)).T

    def wanted(self, rows: Rows, form: InputFormat, smoothing: float = 0.0) -> tuple[Array, None]:
        """Return y (n_outputs, len(rows)) of these rows, on the inputs' grid."""
        return form.on_grid(self.targets.take(rows, axis=0).astype(form.dtype)).T, None


def check_range(what: str, values: Array, least: int, arithmetic: str) -> None:
    """Raise DataError unless all values are between that, which is -1 or 0, and 1, if the arithmetic has limits."""
    if not ARITHMETICS[arithmetic].any_order or values.size == 0:
        return
    if not least <= values.min() <= values.max() <= 1:
        raise DataError(
            f"{what} must be between {least} and 1 in {arithmetic} arithmetic, got {values.min() + 0.0:g} to "
            f"{values.max() + 0.0:g}; scale them, or train with --arithmetic native"
        )
