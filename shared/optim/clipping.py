"""Limits: of a gradient's length, and of the weights into each neuron."""

import math
from collections.abc import Sequence

import numpy as np

from shared.optim.norms import norm, row_norms
from shared.types import Array, Vector


def clipping_factor(gradient: Vector, count: float, limit: float) -> float:
    """Return by what a mean gradient is multiplied to be no longer than the limit: 1 if it is not.

    gradient: summed over `count`.  R. Pascanu et al., ICML 2013, algorithm 1: its direction stays.
    """
    length = norm(gradient) / count
    return limit / length if length > limit and math.isfinite(length) else 1.0


def limit_rows(weights: Sequence[Array], limit: float) -> None:
    """Shorten, in place, the incoming weights of each neuron (a row of each matrix) to a norm of at most `limit`.

    N. Srivastava et al., JMLR 2014, section 5.1: the max-norm constraint.
    """
    for matrix in weights:
        lengths = row_norms(matrix)
        long = np.flatnonzero(lengths > limit)
        if len(long) and math.isfinite(lengths[long[0]]):  # weights that have grown out of range are told elsewhere
            matrix[long] *= (limit / lengths[long])[:, np.newaxis].astype(matrix.dtype)
