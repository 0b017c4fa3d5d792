"""What is to be predicted, as it was given: labels of any kind, or numbers."""

from typing import Any

import numpy as np

from shared.data.tables import is_nothing, plain
from shared.errors import DataError
from shared.types import Array


def wanted_of(given: Any, where: str) -> Array:
    """Return what is wanted, (n_samples,) or (n_samples, n_targets), as an array of numbers, truth values or text.

    where: the samples are, for people.  Raises DataError for values that are missing, or can be no labels.
    """
    found = np.asarray(given)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim not in (1, 2) or (found.size == 0 and found.ndim == 2):
        raise DataError(f"{where} has labels of shape {found.shape}; give one for each sample")
    if found.dtype.kind in "OST":
        found = _of_values(found, where)
    if found.dtype.kind not in "biufU":
        raise DataError(f"{where} has labels of type {found.dtype}; give numbers or texts")
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        row = int(np.nonzero(~np.isfinite(found))[0][0])
        raise DataError(f"{where}, row {row}: the target is {found[row]}; leave out the row")
    return found


def _of_values(given: Array, where: str) -> Array:
    """Return Python's values as an array of one type."""
    values = [plain(value) for value in given.ravel().tolist()]
    for number, value in enumerate(values):
        row = number // (given.size // len(given))
        if is_nothing(value):
            raise DataError(f"{where}, row {row}: what is to be predicted is missing; fill it in, or leave out the row")
        if not isinstance(value, str | int | float):
            raise DataError(
                f"{where}, row {row}: the label {value!r} is neither a number nor a text; give one of these"
            )
    kinds = {bool if isinstance(value, bool) else str if isinstance(value, str) else float for value in values}
    if len(kinds) > 1:
        raise DataError(f"{where} has labels of several kinds, as {values[0]!r}; give numbers alone, or texts alone")
    return np.array(values).reshape(given.shape)
