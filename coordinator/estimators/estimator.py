"""What both estimators have in common: their parameters, and how they learn."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from coordinator.api.epoch_figures import figures_of
from coordinator.api.models import Model
from coordinator.estimators.foundation import (
    BaseEstimator,
    check_is_fitted,
    checked,
    checked_pair,
    checked_weights,
)
from coordinator.estimators.training_in_memory import TrainingInMemory
from coordinator.options.configuration import to_config
from coordinator.options.defaults import DEFAULTS, completed
from coordinator.session import RunOptions
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.in_memory import dataset_of
from shared.model import SavedModel
from shared.optim.schedules import SCHEDULES
from shared.training.callbacks import Callback
from shared.training.metrics import EpochMetrics
from shared.training.state import TrainingState
from shared.types import Array

_NOT_OPTIONS = ("monitor", "mini_batch_size", "train_samples", "sizes", "standardize")


# What the classes say of themselves.
PARAMETERS = """\
hidden: neurons of each hidden layer.
activation, output, loss, initializer, arithmetic, dtype, optimizer, learning_rate, schedule, l1, l2, clip_norm,
max_norm, ema, dropout, input_dropout, label_smoothing, class_weights, augment, shards, local_steps, replicas,
outer_momentum: as the options of `gradmq train`; and so momentum, rho, beta1, beta2, epsilon, weight_decay of an
optimizer, and warm_up, patience, schedule_every, schedule_factor, schedule_limit of a schedule. None: as there.
epochs, mini_batch_size: how often all samples are learned from, and how many in a step (at most all).
seed: of the first weights, of every epoch's order, and of the split.
validation: share of the samples that are not learned from, by which epochs are compared; or a pair (X, y).
monitor: by what they are compared; None: by those samples if there are any. The best epoch's weights are kept.
early_stopping: epochs without a better one after which it ends; 0: after all.
scale: "columns": each column by its own mean and deviation; "none": not at all; None: bytes are pixels, and all
others are scaled.
warm_start: whether `fit` goes on with the weights of the last one.
workers: 0: in this process; more: so many local processes for the time of a fit.  redis, broker: instead, where
workers are.  batches_per_task: steps of a Celery task.
callbacks: who else hears of it, see `gradmq.Callback`.  progress: whether there is a bar; None: after a second, where
somebody can see it.

After a fit:
model_: what was learned, as `gradmq.load_model` returns it: `model_.save("model.npz")` keeps it.
history_: a list for each figure of the epochs, like `history_["training_cost"]`.
fingerprint_: the SHA-256 of the last epoch's weights.
n_iter_: how many epochs there were.  n_features_in_: how many inputs.  feature_names_in_: their names, if they had any.
"""


class Estimator(BaseEstimator):  # type: ignore[misc]
    """A multilayer perceptron that learns in this process, or on workers, to the same bits."""

    _predicts_classes = False

    def __init__(
        self,
        hidden: Sequence[int] | int = (100,),
        *,
        activation: str = "relu",
        output: str | None = None,
        loss: str | None = None,
        initializer: str = "he",
        arithmetic: str = "exact",
        dtype: str | None = None,
        epochs: int = 100,
        mini_batch_size: int = 32,
        optimizer: str = "adam",
        learning_rate: float = 0.003,
        momentum: float | None = None,
        rho: float | None = None,
        beta1: float | None = None,
        beta2: float | None = None,
        epsilon: float | None = None,
        weight_decay: float | None = None,
        schedule: str = "constant",
        warm_up: float | None = None,
        patience: int | None = None,
        schedule_every: int | None = None,
        schedule_factor: float | None = None,
        schedule_limit: float | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        ema: float = 0.0,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_weights: Any = None,
        augment: str | None = None,
        seed: int = 0,
        shards: int | None = None,
        local_steps: int = 0,
        replicas: int | None = None,
        outer_momentum: float | None = None,
        validation: Any = 0.0,
        monitor: str | None = None,
        early_stopping: int = 0,
        scale: str | None = None,
        warm_start: bool = False,
        workers: int = 0,
        redis: str | None = None,
        broker: str | None = None,
        batches_per_task: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        progress: bool | None = None,
    ) -> None:
        """Keep the parameters, which are looked at by `fit`."""
        self.hidden = hidden
        self.activation = activation
        self.output = output
        self.loss = loss
        self.initializer = initializer
        self.arithmetic = arithmetic
        self.dtype = dtype
        self.epochs = epochs
        self.mini_batch_size = mini_batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.rho = rho
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.warm_up = warm_up
        self.patience = patience
        self.schedule_every = schedule_every
        self.schedule_factor = schedule_factor
        self.schedule_limit = schedule_limit
        self.l1 = l1
        self.l2 = l2
        self.clip_norm = clip_norm
        self.max_norm = max_norm
        self.ema = ema
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.augment = augment
        self.seed = seed
        self.shards = shards
        self.local_steps = local_steps
        self.replicas = replicas
        self.outer_momentum = outer_momentum
        self.validation = validation
        self.monitor = monitor
        self.early_stopping = early_stopping
        self.scale = scale
        self.warm_start = warm_start
        self.workers = workers
        self.redis = redis
        self.broker = broker
        self.batches_per_task = batches_per_task
        self.callbacks = callbacks
        self.progress = progress

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
