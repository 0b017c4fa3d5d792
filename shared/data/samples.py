"""Samples in memory, and mini-batches of them as the columns of matrices."""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from shared.data.blocks import blocks
from shared.data.locations import Locations
from shared.errors import DataError
from shared.nn.activations import SATURATION
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.inputs import InputFormat
from shared.types import Array, Rows, Vector

_RANGES = {"linear": (-SATURATION, SATURATION)}  # of what an output can be; others are between 0 and 1


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
    weights: (n_samples,) float64, by what the samples' costs are multiplied (`shared.data.sample_weights`); None: by 1.
    locations: where they were found, for people; None: the data does not tell, or they came from elsewhere.
    """

    images: Array
    labels: Array
    n_classes: int
    weights: Vector | None = None
    locations: Locations | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_inputs(self) -> int:
        return int(self.images.shape[1])

    @property
    def n_outputs(self) -> int:
        return self.n_classes

    @property
    def values(self) -> Array:
        """The inputs, as they are in the data."""
        return self.images

    def first(self, n_samples: int) -> "LabelledSamples":
        """Return the first so many; of as many classes, though not of each there may be a sample."""
        weights = None if self.weights is None else self.weights[:n_samples]
        locations = None if self.locations is None else self.locations.take(slice(n_samples))
        return LabelledSamples(self.images[:n_samples], self.labels[:n_samples], self.n_classes, weights, locations)

    def take(self, rows: Rows) -> "LabelledSamples":
        """Return those in these rows, in a copy."""
        weights = None if self.weights is None else self.weights[rows]
        locations = None if self.locations is None else self.locations.take(rows)
        return LabelledSamples(self.images[rows], self.labels[rows], self.n_classes, weights, locations)

    def check_inputs(self, arithmetic: str, output: str = "sigmoid") -> None:
        """Raise DataError for inputs that an arithmetic cannot take.  output: any has a place for a class."""
        _check_inputs(self.images, arithmetic)

    @cached_property
    def sha256(self) -> str:
        """The name of these samples: SHA-256 over their shape, dtype and bytes, whatever file they came from."""
        digest = hashlib.sha256(f"{self.images.shape} {self.images.dtype.str} {self.n_classes}".encode())
        _update(digest, self.images)
        digest.update(np.ascontiguousarray(self.labels, "<i8").data)
        if self.weights is not None:
            digest.update(np.ascontiguousarray(self.weights, "<f8").data)
        return digest.hexdigest()

    def inputs(self, rows: Rows, form: InputFormat) -> Array:
        """Return x (n_inputs, len(rows)) of these rows."""
        return _columns(self.images, rows, form)

    def wanted(self, rows: Rows, form: InputFormat, smoothing: float = 0.0) -> tuple[Array, Rows]:
        """Return the one-hot y (n_classes, len(rows)) of these rows, and their classes (len(rows),)."""
        labels = self.labels.take(rows)
        return form.one_hot(self.n_classes, smoothing).take(labels, axis=0).T, labels


@dataclass(frozen=True)
class VectorSamples:
    """Vectors with wanted outputs: numbers to be predicted, or several labels at once.

    vectors: (n_samples, n_inputs); uint8 stands for 0 … 1 in steps of 1/255, floats for themselves.
    targets: (n_samples, n_outputs) floats.
    weights: (n_samples,) float64, by what the samples' costs are multiplied; None: by 1.
    locations: where they were found, for people; None: the data does not tell, or they came from elsewhere.
    """

    vectors: Array
    targets: Array
    weights: Vector | None = None
    locations: Locations | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def n_inputs(self) -> int:
        return int(self.vectors.shape[1])

    @property
    def n_outputs(self) -> int:
        return int(self.targets.shape[1])

    @property
    def values(self) -> Array:
        """The inputs, as they are in the data."""
        return self.vectors

    def first(self, n_samples: int) -> "VectorSamples":
        """Return the first so many."""
        weights = None if self.weights is None else self.weights[:n_samples]
        locations = None if self.locations is None else self.locations.take(slice(n_samples))
        return VectorSamples(self.vectors[:n_samples], self.targets[:n_samples], weights, locations)

    def take(self, rows: Rows) -> "VectorSamples":
        """Return those in these rows, in a copy."""
        weights = None if self.weights is None else self.weights[rows]
        locations = None if self.locations is None else self.locations.take(rows)
        return VectorSamples(self.vectors[rows], self.targets[rows], weights, locations)

    def check_inputs(self, arithmetic: str, output: str = "sigmoid") -> None:
        """Raise DataError for inputs or wanted outputs that an arithmetic, or an output function, cannot take."""
        _check_inputs(self.vectors, arithmetic)
        least, most = _RANGES.get(output, (0.0, 1.0))
        hint = "or give --output linear" if least == 0 else "or train with --arithmetic native"
        check_range("wanted outputs", self.targets, least, arithmetic, most, hint)

    @cached_property
    def sha256(self) -> str:
        """The name of these samples: SHA-256 over their shapes, dtypes and bytes, whatever file they came from."""
        kinds = f"{self.vectors.shape} {self.vectors.dtype.str} {self.targets.shape} {self.targets.dtype.str}"
        digest = hashlib.sha256(kinds.encode())
        _update(digest, self.vectors)
        digest.update(np.ascontiguousarray(self.targets).data)
        if self.weights is not None:
            digest.update(np.ascontiguousarray(self.weights, "<f8").data)
        return digest.hexdigest()

    @cached_property
    def variation(self) -> float:
        """Half of the sum of squared distances of the targets from their means: what R² compares the cost with.

        Sums are rounded once, so that they have the same bits on every machine.
        """
        total = 0.0
        for column in self.targets.astype(np.float64).T:
            mean = math.fsum(column.tolist()) / max(1, len(column))
            total += math.fsum(((column - mean) ** 2).tolist())
        return total / 2

    def inputs(self, rows: Rows, form: InputFormat) -> Array:
        """Return x (n_inputs, len(rows)) of these rows."""
        return _columns(self.vectors, rows, form)

    def wanted(self, rows: Rows, form: InputFormat, smoothing: float = 0.0) -> tuple[Array, None]:
        """Return y (n_outputs, len(rows)) of these rows, on the inputs' grid."""
        return form.on_grid(self.targets.take(rows, axis=0).astype(form.dtype)).T, None


KnownSamples = LabelledSamples | VectorSamples  # those that runs can be made of


def _update(digest: "hashlib._Hash", values: Array) -> None:
    """Add the bytes of an array, which may lie on the disk, to a digest."""
    for block in blocks(values):
        digest.update(block.data)


def _columns(values: Array, rows: Rows, form: InputFormat) -> Array:
    """Return x (n_inputs, len(rows)) of these rows of what is in the data."""
    if values.dtype == np.uint8:
        return form.convert_bytes(values, rows).T
    return form.convert(values.take(rows, axis=0)).T


def _check_inputs(values: Array, arithmetic: str) -> None:
    if values.dtype != np.uint8:
        check_range("inputs", values, -1, arithmetic)


def check_range(
    what: str,
    values: Array,
    least: float,
    arithmetic: str,
    most: float = 1.0,
    hint: str = "or train with --arithmetic native",
) -> None:
    """Raise DataError unless all values are between these, if the arithmetic has limits.

    hint: what to do, if not to scale them.
    """
    if not ARITHMETICS[arithmetic].any_order or values.size == 0:
        return
    lowest, highest = (min(each.min() for each in blocks(values)), max(each.max() for each in blocks(values)))
    if not least <= lowest <= highest <= most:
        raise DataError(
            f"{what} must be between {least:g} and {most:g} in {arithmetic} arithmetic, got {lowest + 0.0:g} to "
            f"{highest + 0.0:g}; scale them, {hint}"
        )
