"""What decides the bits of a run, as one typed, frozen object."""

import math
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from shared.data.augment.options import Augmentation
from shared.data.sampler import BatchSampler
from shared.errors import ConfigError
from shared.monitors import MONITORS, Monitor
from shared.nn.activations import ACTIVATIONS
from shared.nn.architecture import Architecture
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.dropout import Dropout, dropped, kept_weight
from shared.nn.initializers import INITIALIZERS
from shared.nn.losses import LOSSES
from shared.nn.mlp import MLP
from shared.nn.outputs import OUTPUTS
from shared.nn.parameters import Parameters
from shared.nn.random import Purpose, stream
from shared.optim.optimizers import OPTIMIZERS, Nesterov, Optimizer
from shared.optim.schedules import SCHEDULES
from shared.strategies import STRATEGIES, LocalSGD, StrategyOptions, SyncSGD

_LARGEST = 2**29  # bytes of weights
_LEAST_WEIGHT, _MOST_WEIGHT = 2.0**-10, 2.0**10  # of a class; weights are multiples of the first


_CHOICES: dict[str, Collection[str]] = {
    "activation": ACTIVATIONS,
    "output": OUTPUTS,
    "loss": LOSSES,
    "initializer": INITIALIZERS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "arithmetic": ARITHMETICS,
    "monitor": MONITORS,
}


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The configuration of a run: with the data, it determines the trained weights to the last bit."""

    sizes: tuple[int, ...]  # neurons of each layer, inputs first
    activation: str = "sigmoid"  # of the hidden layers
    output: str = "sigmoid"  # what the last layer makes of its sums
    loss: str = ""  # default: the output's own
    initializer: str = "normal"
    standardize: tuple[float, float] | None = None  # mean and deviation that inputs are freed of
    arithmetic: str = "exact"
    dtype: str = ""  # of weights, gradients and all between; default: the arithmetic's own
    epochs: int
    mini_batch_size: int  # samples
    optimizer: str = "sgd"
    learning_rate: float  # applied to the mean gradient
    schedule: str = "constant"  # of the learning rate
    dropout: float = 0.0  # of hidden layers: the share that is dropped
    input_dropout: float = 0.0
    label_smoothing: float = 0.0  # how much of a class's 1 is spread over all classes
    class_weights: tuple[float, ...] = ()  # by class; default: 1
    augment: Augmentation | None = None  # what is done to the training images, fresh in every epoch
    image_shape: tuple[int, int] | None = None  # height and width of the images, if something is done to them
    seed: int = 0  # of the weights and of every epoch's order
    train_samples: int = 0  # only the first so many of the data's training samples; 0: all of them
    start: str = ""  # weights_sha256 of the model that the run begins with; "": with weights that are drawn
    strategy: StrategyOptions
    monitor: str = "validation-accuracy"  # by which epochs are compared
    early_stopping: int = 0  # epochs without improvement after which the run ends; 0: it goes on to the last

    def __post_init__(self) -> None:
        """Check every option by itself. Raises ConfigError."""
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            hint = "for MNIST, give 784,30,10"
            raise ConfigError("sizes", join(self.sizes), "needs at least two layers of at least one neuron", hint)
        if self.output in OUTPUTS:
            object.__setattr__(self, "loss", self.loss or OUTPUTS[self.output].loss)
        for field in ("epochs", "mini_batch_size"):
            if getattr(self, field) < 1:
                raise ConfigError(field, getattr(self, field), "must be at least 1")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            hint = "the notebook used 3.0"
            raise ConfigError("learning_rate", self.learning_rate, "must be a finite number above 0", hint)
        if not 0 <= self.seed < 2**64:
            raise ConfigError("seed", self.seed, "must be between 0 and 2^64 - 1")
        if self.train_samples < 0:
            raise ConfigError("train_samples", self.train_samples, "must be at least 1", "leave it out for all")
        for field, choices in _CHOICES.items():
            if getattr(self, field) not in choices:
                raise ConfigError(field, getattr(self, field), f"must be one of {', '.join(choices)}")
        self._check_learning()
        dtypes = ARITHMETICS[self.arithmetic].dtypes
        object.__setattr__(self, "dtype", self.dtype or dtypes[0])
        if self.dtype not in dtypes:
            rule = f"must be {' or '.join(dtypes)} in {self.arithmetic} arithmetic"
            raise ConfigError("dtype", self.dtype, rule, "leave it out, or choose native arithmetic")
        if self.any_order and not INITIALIZERS[self.initializer].portable:
            portable = ", ".join(name for name, initializer in INITIALIZERS.items() if initializer.portable)
            rule = f"must be one of {portable} in {self.arithmetic} arithmetic"
            raise ConfigError("initializer", self.initializer, rule)
        if isinstance(self.strategy, SyncSGD) and self.any_order != (self.strategy.shards is None):
            if self.any_order:
                hint = "leave it out: such sums do not depend on how a mini-batch is cut"
                raise ConfigError(
                    "shards", self.strategy.shards, f"has no meaning in {self.arithmetic} arithmetic", hint
                )
            raise ConfigError("shards", None, f"must be given in {self.arithmetic} arithmetic")
        if self.early_stopping < 0:
            raise ConfigError("early_stopping", self.early_stopping, "must be 0 or more epochs")
        if self.depends_on_monitor and self.monitored is None:
            rule = "needs a figure by which epochs are compared"
            raise ConfigError("early_stopping", self.early_stopping, rule, "give --monitor validation-accuracy")
        if self.nbytes > _LARGEST:
            # Redis refuses a string of more than 512 MB, and weights and gradients are one string each.
            rule = f"must make at most {_LARGEST // 2**20} MiB of weights, not {self.nbytes // 2**20}"
            raise ConfigError("sizes", join(self.sizes), rule, "choose smaller layers")
        self.mlp()  # raises ConfigError if sums of so many could not be exact

    def _check_learning(self) -> None:
        """Check what the network learns by."""
        outputs = LOSSES[self.loss].outputs
        if self.output not in outputs:
            rule = f"goes with {' or '.join(outputs)} outputs, not with {self.output}"
            hint = f"leave it out for {OUTPUTS[self.output].loss}"
            raise ConfigError("loss", self.loss, rule, hint)
        for field in ("dropout", "input_dropout", "label_smoothing"):
            if not 0 <= getattr(self, field) < 1:
                raise ConfigError(field, getattr(self, field), "must be at least 0 and below 1")
        if self.class_weights:
            if len(self.class_weights) != self.sizes[-1]:
                rule = f"must be one for each of the {self.sizes[-1]} outputs, not {len(self.class_weights)}"
                raise ConfigError("class_weights", join(self.class_weights), rule)
            if not all(_LEAST_WEIGHT <= weight <= _MOST_WEIGHT for weight in self.class_weights):
                rule = f"must be between {_LEAST_WEIGHT:g} and {_MOST_WEIGHT:g}"
                raise ConfigError("class_weights", join(self.class_weights), rule)
            on_grid = tuple(round(weight / _LEAST_WEIGHT) * _LEAST_WEIGHT for weight in self.class_weights)
            object.__setattr__(self, "class_weights", on_grid)  # so that their sums are exact
        if self.standardize is not None:
            mean, deviation = self.standardize
            if not (math.isfinite(mean) and math.isfinite(deviation) and abs(mean) <= 2**10 and deviation >= 2**-10):
                rule = "needs a mean of at most 1024 and a deviation of at least 1/1024"
                raise ConfigError("standardize", f"{mean},{deviation}", rule)

    def check_data(self, n_samples: int, n_inputs: int, n_classes: int) -> None:
        """Check that the configuration fits the training data. Raises ConfigError."""
        if self.sizes[0] != n_inputs:
            rule = f"must begin with {n_inputs}, the number of inputs in the data"
            raise ConfigError("sizes", join(self.sizes), rule)
        if self.sizes[-1] != n_classes:
            rule = f"must end with {n_classes}, the number of classes in the data"
            raise ConfigError("sizes", join(self.sizes), rule)
        if self.train_samples > n_samples:  # of which these are the first
            rule = f"must be at most {n_samples}, the number of training samples in the data"
            raise ConfigError("train_samples", self.train_samples, rule, "leave it out for all")
        if self.mini_batch_size > n_samples:
            rule = f"must be at most {n_samples}, the number of training samples"
            raise ConfigError("mini_batch_size", self.mini_batch_size, rule)
        if isinstance(self.strategy, LocalSGD):
            most = -(-n_samples // (self.strategy.local_steps * self.mini_batch_size))
            if self.strategy.replicas > most:
                rule = f"must be at most {most}, among which {n_samples} training samples can be divided"
                raise ConfigError("replicas", self.strategy.replicas, rule, "give fewer, or fewer local steps")

    def check_validation(self, n_validation: int) -> None:
        """Check that there are validation samples, if any are needed. Raises ConfigError."""
        if self.monitored is None or not self.monitored.of_validation or n_validation:
            return
        rule, hint = "needs validation samples, and the data has none", "give --monitor training-cost"
        if self.depends_on_monitor:
            raise ConfigError("early_stopping", self.early_stopping, rule, hint)
        raise ConfigError("monitor", self.monitor, rule, hint)

    @property
    def monitored(self) -> Monitor | None:
        """The figure by which epochs are compared, if they are."""
        return MONITORS[self.monitor]

    @property
    def depends_on_monitor(self) -> bool:
        """Whether what is monitored decides how the run goes on, and not only which epoch is called the best."""
        return self.early_stopping > 0

    @property
    def is_the_notebooks(self) -> bool:
        """Whether the job is one that the notebook could do too: sigmoids, quadratic cost, plain SGD."""
        same = TrainConfig(
            sizes=self.sizes,
            initializer=self.initializer,
            arithmetic=self.arithmetic,
            dtype=self.dtype,
            epochs=self.epochs,
            mini_batch_size=self.mini_batch_size,
            learning_rate=self.learning_rate,
            seed=self.seed,
            strategy=self.strategy,
        )
        return self == (same if self.monitored else replace(same, monitor=self.monitor))

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The dtype as NumPy's."""
        return np.dtype(self.dtype)

    @property
    def any_order(self) -> bool:
        """Whether sums have the same bits in any order, and so on any machine."""
        return ARITHMETICS[self.arithmetic].any_order

    @property
    def numbers(self) -> str:
        """What is computed with, for people."""
        return f"{self.arithmetic} arithmetic" if self.any_order else f"{self.arithmetic} {self.dtype}"

    @property
    def nbytes(self) -> int:
        """Bytes of a gradient."""
        return Parameters.count(self.sizes) * self.numpy_dtype.itemsize

    @property
    def samples_per_step(self) -> int:
        return self.mini_batch_size * self.strategy.mini_batches_per_step

    @property
    def shards_per_step(self) -> int:
        """Among how many workers a step can be divided."""
        return self.strategy.shards_per_step(self.mini_batch_size)

    @property
    def depends_on_end(self) -> bool:
        """Whether steps depend on how many will come after them."""
        schedule = SCHEDULES[self.schedule]
        # One that does not say is taken to depend on the number of steps, which it is given.
        return bool(getattr(schedule, "depends_on_end", self.schedule != "constant"))

    def has_steps_of(self, other: "TrainConfig") -> bool:
        """Tell whether two runs take the same steps, as far as both go: they may differ in their number of epochs."""
        if self.epochs != other.epochs and self.depends_on_end:
            return False
        return replace(self, epochs=other.epochs) == other

    def mlp(self) -> MLP:
        """Return the network's formulas."""
        mean, deviation = self.standardize or (0.0, 1.0)
        architecture = Architecture(
            sizes=self.sizes,
            activation=ACTIVATIONS[self.activation],
            output=OUTPUTS[self.output],
            loss=LOSSES[self.loss],
            mean=mean,
            deviation=deviation,
            kept_inputs=kept_weight(dropped(self.input_dropout)),
            kept_outputs=kept_weight(dropped(self.dropout)),
            sample_weight=max(self.class_weights, default=1.0),
        )
        return MLP(architecture, ARITHMETICS[self.arithmetic](architecture, self.numpy_dtype, self.mini_batch_size))

    def dropout_of_layers(self) -> Dropout | None:
        """Return what drops neurons, if anything does."""
        if not (self.dropout or self.input_dropout):
            return None
        return Dropout(self.seed, self.sizes, self.input_dropout, self.dropout, self.numpy_dtype)

    def initial_parameters(self) -> Parameters:
        """Return the weights and biases that are drawn: those before the first step, unless there is a `start`."""
        parameters = Parameters(self.sizes, self.dtype)
        INITIALIZERS[self.initializer].draw(parameters, stream(self.seed, Purpose.WEIGHTS, 0))
        return parameters

    def step_optimizer(self) -> Optimizer:
        """Return what makes new weights of the sum of a step's shards."""
        if isinstance(self.strategy, LocalSGD):
            return Nesterov(self.strategy.outer_momentum)
        return OPTIMIZERS[self.optimizer]

    def sampler(self, n_samples: int) -> BatchSampler:
        """Return what cuts so many training samples into steps."""
        return BatchSampler(self.seed, n_samples, self.samples_per_step)

    def n_steps(self, n_samples: int) -> int:
        """Return how many steps the run has, with so many training samples."""
        return self.epochs * self.sampler(n_samples).steps_per_epoch

    def mini_batches_per_epoch(self, n_samples: int) -> int:
        return -(-n_samples // self.mini_batch_size)

    def learning_rate_at(self, step: int, n_steps: int) -> float:
        """Return the learning rate of the step with that number, in a run of so many."""
        return self.learning_rate * SCHEDULES[self.schedule](step, n_steps)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        options = {name: value for name, value in asdict(self.strategy).items() if value is not None}
        strategy = {"kind": self.strategy.kind, **options}
        augment = None if self.augment is None else self.augment.to_json()
        fields = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return {**fields, "strategy": strategy, "augment": augment}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "TrainConfig":
        """Rebuild a configuration, of this version or of 0.1. Raises ConfigError, TypeError or KeyError for others."""
        fields = {"arithmetic": "native", **fields} if "strategy" in fields else _of_version_0_1(fields)
        fields = {"monitor": "none", **fields}  # before 0.2 no figure of validation samples was kept
        options = dict(fields.pop("strategy"))
        strategy = STRATEGIES[options.pop("kind")](**options)
        if fields.get("augment") is not None:
            fields["augment"] = Augmentation.from_json(fields["augment"])
        tuples = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        return cls(**{**fields, **tuples, "strategy": strategy})


def _of_version_0_1(fields: dict[str, Any]) -> dict[str, Any]:
    """Translate the fields of GradMQ 0.1: `eta`, and all strategies' options side by side."""
    fields = dict(fields)
    learning_rate, shards, local_steps = fields.pop("eta"), fields.pop("shards"), fields.pop("local_steps", 0)
    replicas, outer_momentum = fields.pop("replicas", 1), fields.pop("outer_momentum", 0.0)
    local = {"kind": "local-sgd", "local_steps": local_steps, "replicas": replicas, "outer_momentum": outer_momentum}
    strategy = local if local_steps else {"kind": "sync-sgd", "shards": shards}
    native = {"initializer": "standard-normal", "arithmetic": "native"}
    return {**native, **fields, "learning_rate": learning_rate, "strategy": strategy}


def join(numbers: Iterable[float]) -> str:
    """Return sizes, or other numbers, as the command line takes them: 784,30,10."""
    return ",".join(f"{number:g}" if isinstance(number, float) else str(number) for number in numbers)
