"""`gradmq.GradMQRegressor`."""

from typing import Any, Self

import numpy as np

from coordinator.estimators.estimator import Estimator
from coordinator.estimators.foundation import RegressorMixin
from coordinator.estimators.parameters import DESCRIPTION
from shared.types import Array


class GradMQRegressor(RegressorMixin, Estimator):  # type: ignore[misc]
    __doc__ = f"""Predicts numbers by a network that learns in this process, or on workers, to the same bits.

{DESCRIPTION}"""

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from these samples once: one epoch, which goes on from where the last one ended.

        Columns and targets are scaled as in the first call.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> Array:
        """Return the numbers that are predicted: (n_samples,), or of several targets (n_samples, n_targets)."""
        inputs = self._inputs(X)
        return np.asarray(self.model_.predict(inputs))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that there may be several targets."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
