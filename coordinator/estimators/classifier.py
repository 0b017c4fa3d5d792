"""`gradmq.GradMQClassifier`."""

from typing import Any, Self

import numpy as np

from coordinator.api.models import probabilities
from coordinator.estimators.estimator import Estimator
from coordinator.estimators.foundation import ClassifierMixin, checked_classes
from coordinator.estimators.parameters import DESCRIPTION
from shared.types import Array


class GradMQClassifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    __doc__ = f"""Predicts classes by a network that learns in this process, or on workers, to the same bits.

{DESCRIPTION}
classes_: the names of the classes, in the order of the outputs.
"""

    _predicts_classes = True

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn from these samples once: one epoch, which goes on from where the last one ended.

        classes: the names of all, in the first call, if some are not in y.  Columns are scaled as in that call.
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X: Any) -> Array:
        """Return the class of each sample."""
        inputs = self._inputs(X)
        names: Array = self.classes_[self.model_.answers(inputs).labels]
        return names

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, (n_samples, n_classes), in the order of `classes_`."""
        inputs = self._inputs(X)
        return probabilities(self.model_.outputs(inputs))

    def _samples(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        reset: bool,
        classes: Any = None,
    ) -> tuple[Array, Array, Array | None]:
        X, y, weights = super()._samples(X, y, sample_weight, reset)
        checked_classes(y)
        found = np.unique(y)
        if reset:
            self.classes_ = found if classes is None else np.unique(classes)
        if strange := [name for name in found.tolist() if name not in self.classes_.tolist()]:
            raise ValueError(f"y has the class {strange[0]!r}, and the classes are {self.classes_.tolist()}")
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]!r}: there is nothing to learn; give two or more")
        return X, y, weights
