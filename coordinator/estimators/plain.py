"""What estimators need of scikit-learn, for where it is not installed: their parameters, checks and scores."""

import inspect
from typing import Any, Self

import numpy as np

from coordinator.api.scores import r2_of
from shared.types import Array


class NotFittedError(ValueError, AttributeError):
    """An estimator is to predict before it has learned."""


class BaseEstimator:
    """Parameters as scikit-learn has them: those of `__init__`, kept under their names."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all parameters by name.  deep: as in scikit-learn; none of them has parameters of its own."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters.  Raises ValueError for one that there is not."""
        for name, value in params.items():
            if name not in self._parameters():
                raise ValueError(f"Invalid parameter {name!r} for estimator {type(self).__name__}")
            setattr(self, name, value)
        return self

    @classmethod
    def _parameters(cls) -> "dict[str, inspect.Parameter]":
        return {name: each for name, each in inspect.signature(cls.__init__).parameters.items() if name != "self"}

    def __repr__(self) -> str:
        """The parameters that are not as by default."""
        changed = [
            f"{name}={getattr(self, name)!r}"
            for name, parameter in self._parameters().items()
            if repr(getattr(self, name)) != repr(parameter.default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


class ClassifierMixin:
    """The score of classes."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return which part of the predictions is right."""
        predicted: Array = self.predict(X)  # type: ignore[attr-defined]
        return float(np.average(predicted == np.asarray(y).reshape(predicted.shape), weights=sample_weight))


class RegressorMixin:
    """The score of numbers."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R², in the mean over the targets."""
        predicted: Array = self.predict(X)  # type: ignore[attr-defined]
        return r2_of(np.asarray(y, np.float64).reshape(predicted.shape), predicted, sample_weight)


def checked_pair(estimator: Any, X: Any, y: Any, *, reset: bool, numbers: bool) -> tuple[Array, Array]:
    """Return X as `checked` does, and y as an array, (n_samples,) or (n_samples, n_targets).

    numbers: whether y must be numbers.  Raises ValueError or TypeError.
    """
    if y is None:
        raise ValueError(f"{type(estimator).__name__} requires y to be passed, but the target y is None")
    found, answers = checked(estimator, X, reset=reset), np.asarray(y, np.float64 if numbers else None)
    if answers.ndim == 2 and answers.shape[1] == 1:
        answers = answers[:, 0]
    if len(answers) != len(found):
        raise ValueError(f"X has {len(found)} samples, and y {len(answers)}")
    if answers.dtype.kind == "f" and not np.isfinite(answers).all():
        raise ValueError("y contains NaN or infinity")
    return found, answers


def checked(estimator: Any, X: Any, *, reset: bool) -> Array:
    """Return X as (n_samples, n_features) finite numbers.

    reset: whether the estimator learns how many features there are, or knows.  Raises ValueError or TypeError.
    """
    names = [*X.columns] if hasattr(X, "columns") and all(isinstance(name, str) for name in X.columns) else None
    if reset:
        estimator.__dict__.pop("feature_names_in_", None)
        if names is not None:
            estimator.feature_names_in_ = np.array(names, object)
    elif names is not None and names != [*getattr(estimator, "feature_names_in_", names)]:
        raise ValueError(
            f"The feature names should match those that were passed during fit, {[*estimator.feature_names_in_]}, and "
            f"are {names}; give these columns, in that order"
        )
    found = np.asarray(X)
    if found.dtype.kind not in "biuf":
        found = found.astype(np.float64)
    if found.ndim != 2:
        raise ValueError(f"X has shape {found.shape}; give a row for each sample")
    if found.size == 0:
        raise ValueError(f"Found array with {len(found)} sample(s) and {found.shape[1]} feature(s), where 1 is needed")
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        raise ValueError("X contains NaN or infinity")
    if reset:
        estimator.n_features_in_ = found.shape[1]
    elif found.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X has {found.shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input"
        )
    return found


def checked_weights(weights: Any, X: Array) -> Array | None:
    """Return a weight of each sample, 0 or more; None if there are none.  Raises ValueError."""
    if weights is None:
        return None
    found = np.asarray(weights, np.float64)
    if found.shape != (len(X),):
        raise ValueError(f"sample_weight has shape {found.shape}, and there are {len(X)} samples")
    if not np.isfinite(found).all() or found.min() < 0:
        raise ValueError("Negative or infinite values in sample_weight")
    return found


def checked_classes(y: Array) -> None:
    """Raise ValueError for what cannot be classes."""
    if y.ndim != 1:
        raise ValueError(f"y has shape {y.shape}; give one class for each sample")
    if y.dtype.kind == "f" and not (y == np.rint(y)).all():
        raise ValueError("Unknown label type: continuous numbers; to predict them, take GradMQRegressor")


def check_is_fitted(estimator: Any, attribute: str) -> None:
    """Raise NotFittedError before the first fit."""
    if not hasattr(estimator, attribute):
        raise NotFittedError(f"This {type(estimator).__name__} is not fitted yet; call fit first")
