"""What decides the bits of a run, as one typed, frozen object."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from shared import kinds
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
from shared.optim.optimizers import OPTIMIZERS, SGD, Nesterov, Optimizer, OptimizerState
from shared.optim.penalties import Penalties
from shared.optim.schedules import SCHEDULES, Constant, Progress, Schedule
from shared.optim.update import Update
from shared.strategies import STRATEGIES, LocalSGD, StrategyOptions, SyncSGD

_LARGEST = 2**29  # bytes of weights
_LEAST_WEIGHT, _MOST_WEIGHT = 2.0**-10, 2.0**10  # of a class; weights are multiples of the first
_PLAIN, _CONSTANT = SGD(), Constant()


_CHOICES: dict[str, Collection[str]] = {
    "activation": ACTIVATIONS,
    "output": OUTPUTS,
    "loss": LOSSES,
    "initializer": INITIALIZERS,
    "arithmetic": ARITHMETICS,
    "monitor": MONITORS,
}
# Of these a kind is chosen, which has options of its own (`shared.kinds`).
_KINDS: dict[str, Mapping[str, type[Any]]] = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "strategy": STRATEGIES,
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
    optimizer: Optimizer = _PLAIN  # with local steps, the replicas'
    learning_rate: float  # applied to the mean gradient
    schedule: Schedule = _CONSTANT  # of the learning rate
    l1: float = 0.0  # adds l1/n * sum of |w| to the mean cost of the n training samples; of weights, not of biases
    l2: float = 0.0  # adds l2/(2n) * sum of w²: Nielsen's lambda
    clip_norm: float | None = None  # of the mean gradient, at most
    max_norm: float | None = None  # of each neuron's incoming weights, at most
    ema: float = 0.0  # decay of the average of the weights, which then is what is evaluated and saved; 0: none
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
        for field in ("l1", "l2"):
            if not (math.isfinite(getattr(self, field)) and getattr(self, field) >= 0):
                raise ConfigError(field, getattr(self, field), "must be a finite number of at least 0")
        for field in ("clip_norm", "max_norm"):
            limit = getattr(self, field)
            if limit is not None and not (math.isfinite(limit) and limit > 0):
                raise ConfigError(field, limit, "must be a finite number above 0", "leave it out for no limit")
        if not 0 <= self.ema < 1:
            raise ConfigError("ema", self.ema, "must be at least 0 and below 1")
        if self.schedule.feedback and isinstance(self.strategy, LocalSGD):
            rule = "cannot follow how well the run learns with local steps: replicas know nothing of it"
            raise ConfigError("schedule", self.schedule.kind, rule)
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
            raise ConfigError(*self._what_depends_on_monitor, rule, "give --monitor validation-accuracy")
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
        if (self.augment is None) != (self.image_shape is None):
            raise ConfigError("augment", self.augment, "needs images, and the size that they have")
        if self.image_shape is not None and math.prod(self.image_shape) != self.sizes[0]:
            rule = f"must be of the {self.sizes[0]} inputs"
            raise ConfigError("image_shape", "x".join(map(str, self.image_shape)), rule)
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
            raise ConfigError(*self._what_depends_on_monitor, rule, hint)
        raise ConfigError("monitor", self.monitor, rule, hint)

    @property
    def monitored(self) -> Monitor | None:
        """The figure by which epochs are compared, if they are."""
        return MONITORS[self.monitor]

    @property
    def depends_on_monitor(self) -> bool:
        """Whether what is monitored decides how the run goes on, and not only which epoch is called the best."""
        return self.early_stopping > 0 or self.schedule.feedback

    @property
    def _what_depends_on_monitor(self) -> tuple[str, object]:
        """The name and the value of an option that does."""
        return ("early_stopping", self.early_stopping) if self.early_stopping else ("schedule", self.schedule.kind)

    @property
    def is_the_notebooks(self) -> bool:
        """Whether the job is one that the notebook could do too: sigmoids, quadratic cost, plain SGD."""
        normal = "standard-normal" if self.initializer == "standard-normal" else "normal"  # the same, drawn by NumPy
        same = TrainConfig(
            sizes=self.sizes,
            initializer=normal,
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
    def learning(self) -> str:
        """What becomes of a gradient, for people: the learning rate, and what is not as in the notebook."""
        chosen = [kinds.describe(each) for each in (self.optimizer, self.schedule) if each not in (_PLAIN, _CONSTANT)]
        amounts = {name: getattr(self, name) for name in ("l1", "l2", "clip_norm", "max_norm", "ema")}
        around = [f"{name.replace('_', ' ')} {value:g}" for name, value in amounts.items() if value]
        return ", ".join([f"learning rate {self.learning_rate}", *chosen, *around])

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
        return self.schedule.depends_on_end

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
        return Nesterov(self.strategy.outer_momentum) if isinstance(self.strategy, LocalSGD) else self.optimizer

    def step_update(self, n_samples: int) -> Update:
        """Return what a step does to the weights, in a run with so many training samples."""
        outer = isinstance(self.strategy, LocalSGD)  # penalties and clipping are the replicas' then
        penalties, clip_norm = (Penalties(), None) if outer else (self._penalties(n_samples), self.clip_norm)
        return Update(
            self.step_optimizer(),
            self.sizes,
            self.dtype,
            penalties=penalties,
            clip_norm=clip_norm,
            max_norm=self.max_norm,
            ema=self.ema,
        )

    def local_update(self, n_samples: int) -> Update:
        """Return what a replica's own step does to its weights, in a run with so many training samples."""
        return Update(
            self.optimizer,
            self.sizes,
            self.dtype,
            penalties=self._penalties(n_samples),
            clip_norm=self.clip_norm,
            max_norm=self.max_norm,
        )

    def _penalties(self, n_samples: int) -> Penalties:
        n = max(1, n_samples)
        return Penalties(self.l1 / n, self.l2 / n)

    def initial_optimizer_state(self, parameters: Parameters) -> OptimizerState:
        """Return what is remembered beside the weights before the first step."""
        return self.step_update(0).initial_state(parameters.flat)

    def sampler(self, n_samples: int) -> BatchSampler:
        """Return what cuts so many training samples into steps."""
        return BatchSampler(self.seed, n_samples, self.samples_per_step)

    def n_steps(self, n_samples: int) -> int:
        """Return how many steps the run has, with so many training samples."""
        return self.epochs * self.sampler(n_samples).steps_per_epoch

    def mini_batches_per_epoch(self, n_samples: int) -> int:
        return -(-n_samples // self.mini_batch_size)

    def learning_rate_at(self, step: int, steps_per_epoch: int, reductions: int = 0) -> float:
        """Return the learning rate of a step.

        step: how many were taken before it.  reductions: of the learning rate, by `Schedule.reductions`.
        """
        progress = Progress(step, self.epochs * steps_per_epoch, steps_per_epoch, reductions)
        return self.learning_rate * self.schedule.factor(progress)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        lists = {name: list(value) for name, value in plain.items() if isinstance(value, tuple)}
        chosen = {name: kinds.to_json(plain[name]) for name in _KINDS}
        augment = None if self.augment is None else self.augment.to_json()
        return {**plain, **lists, **chosen, "augment": augment}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "TrainConfig":
        """Rebuild a configuration, of this version or of 0.1. Raises ConfigError, TypeError or KeyError for others."""
        given = {"arithmetic": "native", **given} if "strategy" in given else _of_version_0_1(given)
        given = {"monitor": "none", **given}  # before 0.2 no figure of validation samples was kept
        chosen = {name: kinds.from_json(known, given[name], name) for name, known in _KINDS.items() if name in given}
        tuples = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
        augment = given.get("augment")
        return cls(
            **{**given, **tuples, **chosen, "augment": None if augment is None else Augmentation.from_json(augment)}
        )


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
