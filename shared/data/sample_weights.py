"""Weights of samples: by what the cost of each is multiplied."""

import warnings
from pathlib import Path

import numpy as np

from shared.data.numpy_files import map_npy
from shared.errors import DataError
from shared.nn.grids import Grid, power_above
from shared.regular_files import open_regular
from shared.types import Array, Vector

_LARGEST = 2**31  # bytes of such a file
_TOO_LARGE = 2.0**1023  # no power of two is above it
_GRID = Grid(2.0**-16)  # so that sums of weights, and of their products with those of classes, are exact


def read_weights(path: Path) -> Vector:
    """Read weights from a file: an .npy of one dimension, or a text with a number on each line.

    Raises DataError if they cannot be read, or are not all finite and above 0.
    """
    found = map_npy(path) if path.suffix == ".npy" else _read_text(path)
    if found.dtype.kind not in "biuf":
        raise DataError(f"{path} holds {found.dtype}, and no weights; give an .npy, or a number on each line")
    with np.errstate(invalid="ignore"):  # of what is no number NumPy would tell people itself
        weights = np.asarray(found, np.float64)
    if weights.ndim != 1 or not len(weights):
        raise DataError(f"{path} holds numbers of shape {weights.shape}; give one for each training sample")
    if not (weights.min() > 0 and weights.max() < _TOO_LARGE):
        raise DataError(
            f"{path}: weights must be finite and above 0, got {weights.min():g} to {weights.max():g}; correct them"
        )
    return scaled(weights)


def _read_text(path: Path) -> Array:
    """Return the numbers on the lines of a file.  Raises DataError."""
    try:
        with open_regular(path, _LARGEST) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an empty file NumPy would tell people itself
            return np.loadtxt(file, np.float64, ndmin=1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give a file of weights") from None
    except (ValueError, TypeError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path} holds no weights ({reason}); give an .npy, or a number on each line") from None


def scaled(weights: Vector) -> Vector:
    """Return the weights so that none is above 1, as multiples of 2^-16, and at least that.

    They are divided by a power of two. That changes nothing: what is summed with weights is divided by their sum.
    """
    found = weights / power_above(float(weights.max()))
    _GRID.round(found, found)
    found /= power_above(
        float(found.max())
    )  # which rounding may have brought down to 1/2: who reads them again has these
    np.maximum(found, _GRID.unit, out=found)
    return found
