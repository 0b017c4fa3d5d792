"""What the notebook's network learns from: pairs of columns, and three numbers. What does not fit is refused."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.data.samples import LabelledSamples, VectorSamples
from shared.errors import ConfigError, DataError
from shared.types import Array

Pair = tuple[Array, Any]


def check_course(epochs: int, mini_batch_size: int, eta: float) -> None:
    """Raise ConfigError for numbers by which nothing can be learned."""
    for name, number, least in (("epochs", epochs, 0), ("mini_batch_size", mini_batch_size, 1)):
        if not isinstance(number, int | np.integer) or number < least:
            raise ConfigError(name, number, f"must be a whole number, at least {least}")
    if not (isinstance(eta, int | float | np.number) and np.isfinite(eta) and eta > 0):
        raise ConfigError("eta", eta, "must be a finite number above 0", "the notebook used 3.0")


def check_some(name: str, pairs: Sequence[Pair]) -> None:
    """Raise DataError if there are no pairs, as of a zip that was gone through before."""
    if not pairs:
        raise DataError(f"{name} has no pairs; a zip gives them once, so make a list of it: list({name})")


def learned(pairs: Sequence[Pair], sizes: Sequence[int]) -> VectorSamples:
    """Put pairs of columns into two matrices, a row each.  Raises DataError for what does not fit a network's sizes."""
    hint = "; of a class number it is vectorized_result(number)"
    inputs = _matrix("x", [x for x, _ in pairs], sizes[0], "inputs")
    return VectorSamples(inputs, _matrix("y", [y for _, y in pairs], sizes[-1], "outputs", hint))


def labelled(pairs: Sequence[Pair], sizes: Sequence[int]) -> LabelledSamples:
    """Put pairs of a column and a class number into a matrix and a vector.  Raises DataError for others."""
    inputs = _matrix("x", [x for x, _ in pairs], sizes[0], "inputs")
    labels = np.empty(len(pairs), np.int64)
    for number, (_, y) in enumerate(pairs):
        if np.size(y) != 1 or not float(np.reshape(y, -1)[0]).is_integer():
            raise DataError(f"y of pair {number} is no class number; of a column with a 1 it is np.argmax(y)")
        labels[number] = int(np.reshape(y, -1)[0])
    return LabelledSamples(inputs, labels, sizes[-1])


def _matrix(name: str, columns: Sequence[Any], count: int, what: str, hint: str = "") -> Array:
    """Return columns as rows.  Raises DataError unless each has so many finite numbers."""
    rows = [np.reshape(column, -1) for column in columns]
    for number, row in enumerate(rows):
        if len(row) != count:
            message = f"{name} of pair {number} has {len(row)} numbers where the network has {count} {what}"
            raise DataError(message + hint)
    if not rows:
        return np.empty((0, count))
    found = np.array(rows)
    if found.dtype.kind not in "biuf" or not np.isfinite(found).all():
        raise DataError(f"{name} has values that are no finite numbers; leave their pairs out, or scale them")
    return found
