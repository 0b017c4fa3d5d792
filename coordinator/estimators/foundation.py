"""What estimators stand on: scikit-learn where it is installed, else what `plain` has for that.

The only file that knows of scikit-learn, and imported only for estimators: no worker needs it.
"""

from typing import Any

from shared.types import Array

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data
except ImportError:
    from coordinator.estimators.plain import (
        BaseEstimator,
        ClassifierMixin,
        RegressorMixin,
        check_is_fitted,
        checked,
        checked_classes,
        checked_pair,
        checked_weights,
    )
else:

    def checked_pair(estimator: Any, X: Any, y: Any, *, reset: bool, numbers: bool) -> tuple[Array, Array]:
        """Return X and y as scikit-learn checks them.  See `plain.checked_pair`."""
        found, answers = validate_data(estimator, X, y, reset=reset, multi_output=True, y_numeric=numbers)
        if answers.ndim == 2 and answers.shape[1] == 1:
            answers = column_or_1d(answers, warn=True)
        return found, answers

    def checked(estimator: Any, X: Any, *, reset: bool) -> Array:
        """Return X as scikit-learn checks it.  See `plain.checked`."""
        found: Array = validate_data(estimator, X, reset=reset)
        return found

    def checked_weights(weights: Any, X: Array) -> Array | None:
        """Return a weight of each sample, 0 or more; None if there are none.  Raises ValueError."""
        if weights is None:
            return None
        found: Array = _check_sample_weight(weights, X, dtype="float64", ensure_non_negative=True)
        return found

    def checked_classes(y: Array) -> None:
        """Raise ValueError for what cannot be classes."""
        check_classification_targets(y)
        if y.ndim != 1:
            raise ValueError(f"y has shape {y.shape}; give one class for each sample")


__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "RegressorMixin",
    "check_is_fitted",
    "checked",
    "checked_classes",
    "checked_pair",
    "checked_weights",
]
