"""The notebook's loader, under its names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shared.data.dataset import DEFAULT_DATA, load_dataset
from shared.data.parts import Part
from shared.data.samples import LabelledSamples
from shared.nn.inputs import InputFormat
from shared.types import Array

Pairs = Iterator[tuple[Array, Any]]


def load_data(path: str | Path = DEFAULT_DATA) -> tuple[tuple[Array, Array], ...]:
    """Return (images, labels) of the training, validation and test data.

    images: (n_samples, n_inputs) float32 in [0, 1].  labels: (n_samples,) int64.
    path: a folder of IDX files or a `mnist.pkl.gz`; without one, the project's MNIST.  Raises DataError.
    """
    return tuple((_images(samples), samples.labels) for samples in _parts(path))


def load_data_wrapper(path: str | Path = DEFAULT_DATA) -> tuple[Pairs, Pairs, Pairs]:
    """Return training, validation and test data as pairs of columns (x, y), each to be gone through once.

    x: (n_inputs, 1).  y: (n_classes, 1), one-hot, in the training data; elsewhere the number of the class.
    """
    training, validation, test = _parts(path)
    training_inputs = _columns(training)
    training_results = [vectorized_result(y, training.n_classes) for y in training.labels]
    return (
        zip(training_inputs, training_results, strict=True),
        zip(_columns(validation), validation.labels, strict=True),
        zip(_columns(test), test.labels, strict=True),
    )


def vectorized_result(j: int, n_classes: int = 10) -> Array:
    """Return the output that is wanted for class j: (n_classes, 1), 1.0 in row j and 0.0 elsewhere."""
    e = np.zeros((n_classes, 1))
    e[j] = 1.0
    return e


def _parts(path: str | Path) -> list[LabelledSamples]:
    data = load_dataset(Path(path))
    return [data.labelled(part) for part in Part]


def _columns(samples: LabelledSamples) -> list[Array]:
    return list(_images(samples)[:, :, np.newaxis])


def _images(samples: LabelledSamples) -> Array:
    return samples.inputs(np.arange(len(samples)), InputFormat(np.dtype(np.float32))).T
