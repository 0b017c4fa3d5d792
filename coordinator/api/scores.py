"""How good predicted numbers are: one figure for models and estimators."""

import numpy as np

from shared.types import Array, Vector


def r2_of(right: Array, predicted: Array, weights: Vector | None = None) -> float:
    """Return R², 1 - Σ (y - a)² / Σ (y - ȳ)², in the mean over the targets.

    right, predicted: (n_samples,) or (n_samples, n_targets).  weights: (n_samples,), of the samples.  Of a target that
    is constant it is 1 if it is predicted, and 0 if not, as in scikit-learn.
    """
    missed = np.average((right - predicted) ** 2, 0, weights)
    spread = np.average((right - np.average(right, 0, weights)) ** 2, 0, weights)
    of_constant = np.where(missed == 0, 1.0, 0.0)
    return float(np.mean(np.where(spread > 0, 1.0 - missed / np.where(spread > 0, spread, 1.0), of_constant)))
