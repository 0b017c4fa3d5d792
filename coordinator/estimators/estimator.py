"""How both estimators learn."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np

from coordinator.api.epoch_figures import figures_of
from coordinator.api.models import Model
from coordinator.estimators.foundation import check_is_fitted, checked, checked_pair, checked_weights
from coordinator.estimators.parameters import EstimatorParameters
from coordinator.estimators.training_in_memory import TrainingInMemory
from coordinator.options.configuration import to_config
from coordinator.options.defaults import DEFAULTS, completed
from coordinator.session import RunOptions
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.in_memory import dataset_of
from shared.model import SavedModel
from shared.optim.schedules import SCHEDULES
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState
from shared.types import Array

_NOT_OPTIONS = ("monitor", "mini_batch_size", "train_samples", "sizes", "standardize")


class Estimator(EstimatorParameters):
    """A multilayer perceptron that learns in this process, or on workers, to the same bits."""

    _predicts_classes = False

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn.

        X: (n_samples, n_features).  y: (n_samples,), or of several numbers to be predicted (n_samples, n_targets).
        sample_weight: (n_samples,), by what the samples' costs are multiplied; those of weight 0 are left out.

        After an interrupt (KeyboardInterrupt) what was learned so far can be used, and `partial_fit`, or with
        `warm_start` another `fit`, goes on with it.  Raises ValueError, TypeError or GradMQError.
        """
        goes_on = self.warm_start and hasattr(self, "model_")
        X, y, weights = self._samples(X, y, sample_weight, not goes_on)
        if not goes_on:
            self._forget()
        dataset = self._dataset(X, y, weights, self.validation)
        start = self._state.model if goes_on else None
        config = self._config(dataset, epochs=self.epochs, start="" if start is None else start.sha256)
        return self._learn(config, dataset, TrainingState.initial(config, start))

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        """Learn from these samples once, going on from wherever it is.  classes: the names of all, if it has any."""
        goes_on = hasattr(self, "model_")
        X, y, weights = self._samples(X, y, sample_weight, not goes_on, classes)
        if not goes_on:
            self._forget()
        dataset = self._dataset(X, y, weights, 0.0)
        done = self._state.epoch if goes_on else 0
        config = self._config(dataset, epochs=done + 1, early_stopping=0, monitor="none")
        return self._learn(config, dataset, self._state.copy() if goes_on else TrainingState.initial(config))

    def _learn(self, config: TrainConfig, dataset: Dataset, state: TrainingState) -> Self:
        training = TrainingInMemory(config, state)
        try:
            training.run(dataset, self._run_options(), self.callbacks or (), self.progress)
        except KeyboardInterrupt:
            if state.trained:
                self._keep(training, dataset)
            raise
        self._keep(training, dataset)
        return self

    def _keep(self, training: TrainingInMemory, dataset: Dataset) -> None:
        """Have what was learned as attributes."""
        parameters = training.parameters
        self.model_ = Model(SavedModel.of(training.config, parameters, dataset.encoding))
        # A later `partial_fit` goes on with the weights that are used, at an epoch's beginning, and compares no epochs.
        self._state = replace(training.state, parameters=parameters.copy(), history=[], best=None)
        if self._state.step_index:
            self._state.next_epoch()
        self._epochs.extend(training.epochs)
        self.history_ = figures_of(self._epochs)
        self.n_iter_ = len(self._epochs)
        self.fingerprint_ = training.state.model.sha256

    def _forget(self) -> None:
        """Begin anew."""
        self._epochs = list[EpochMetrics]()
        self.__dict__.pop("model_", None)

    def _samples(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        reset: bool,
        classes: Any = None,
    ) -> tuple[Array, Array, Array | None]:
        """Return checked samples, without those of weight 0.  classes: their names, if they have any."""
        X, y = checked_pair(self, X, y, reset=reset, numbers=not self._predicts_classes)
        weights = checked_weights(sample_weight, X)
        if weights is None or weights.all():
            return X, y, weights
        if not weights.any():
            raise ValueError("all samples have the weight 0; give some of them more")
        return X[weights > 0], y[weights > 0], weights[weights > 0]

    def _dataset(self, X: Array, y: Array, weights: Array | None, validation: Any) -> Dataset:
        """Return the samples as a network takes them."""
        names = getattr(self, "feature_names_in_", None)
        if isinstance(validation, tuple | list):
            if len(validation) != 2:
                raise ValueError(
                    f"validation has {len(validation)} parts; give a share of the samples, or a pair (X, y)"
                )
            X_validation, y_validation = checked_pair(
                self, *validation, reset=False, numbers=not self._predicts_classes
            )
            validation = (_named(X_validation, names), y_validation)
        model = getattr(self, "model_", None)
        return dataset_of(
            _named(X, names),
            y,
            validation=validation or None,
            sample_weight=weights,
            classes=self.classes_.tolist() if self._predicts_classes else None,
            regression=not self._predicts_classes,
            scale=self.scale,
            encoding=None if model is None else model.encoding,
            seed=completed({"seed": self.seed})["seed"],
        )

    def _config(self, dataset: Dataset, **over: Any) -> TrainConfig:
        """Return the configuration of a fit: the parameters, but for what is said otherwise."""
        start = over.pop("start", "")
        given = {name: getattr(self, name) for name in DEFAULTS if name not in _NOT_OPTIONS}
        given |= {
            "output": self.output or ("softmax" if self._predicts_classes else "linear"),
            "mini_batch_size": min(self.mini_batch_size, len(dataset.training)),
            "standardize": dataset.encoding.standardize,
            "monitor": self.monitor or self._default_monitor(dataset),
            "class_weights": self._class_weights(),
            **over,
        }
        return to_config({**completed(given), "start": start}, self.workers == 0 and self.redis is None, dataset)

    def _class_weights(self) -> Any:
        """Return weights of the classes in the order of the outputs, as they may be given by name."""
        if not isinstance(self.class_weights, Mapping):
            return self.class_weights
        return [self.class_weights.get(name, 1.0) for name in self.classes_.tolist()]

    def _default_monitor(self, dataset: Dataset) -> str:
        if len(dataset.validation):
            return "validation-accuracy" if self._predicts_classes else "validation-cost"
        feedback = self.schedule in SCHEDULES and SCHEDULES[self.schedule].feedback
        return "training-cost" if self.early_stopping or feedback else "none"

    def _run_options(self) -> RunOptions:
        """Return with what a fit is computed.  Raises ConfigError."""
        return RunOptions(
            workers=None if self.redis is not None and self.workers == 0 else self.workers,
            redis=self.redis,
            broker=self.broker,
            batches_per_task=self.batches_per_task,
        )

    def _inputs(self, X: Any) -> Array:
        """Return checked samples to be predicted.  Raises NotFittedError, ValueError or TypeError."""
        check_is_fitted(self, "model_")
        return checked(self, X, reset=False)


def _named(X: Array, names: Any) -> Any:
    """Return samples as columns with their names, if they have any.  Raises ValueError if two have the same."""
    if names is None or X.dtype == np.uint8:
        return X
    if twice := [name for name, count in Counter(map(str, names)).items() if count > 1]:
        raise ValueError(f"two columns of X are named {twice[0]}; give each a name of its own")
    return {str(name): column for name, column in zip(names, X.T, strict=True)}
