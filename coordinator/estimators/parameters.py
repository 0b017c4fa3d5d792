"""The parameters that both estimators have."""

from collections.abc import Sequence
from typing import Any

from coordinator.estimators.foundation import BaseEstimator
from shared.training.callbacks import Callback

# What the classes say of themselves.
DESCRIPTION = """\
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


class EstimatorParameters(BaseEstimator):  # type: ignore[misc]
    """What an estimator was given: as it is, and looked at by nobody before `fit`."""

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
