"""What decides the bits of a run, as one typed, frozen object."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from shared import kinds
from shared.data.sampler import BatchSampler
from shared.errors import ConfigError
from shared.monitors import MONITORS, Monitor
from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.initializers import INITIALIZERS
from shared.nn.losses import LOSSES
from shared.nn.mlp import MLP
from shared.nn.parameters import Parameters
from shared.nn.random import Purpose, stream
from shared.optim.optimizers import OPTIMIZERS, SGD, Nesterov, Optimizer, OptimizerState
from shared.optim.penalties import Penalties
from shared.optim.schedules import SCHEDULES, Constant, Progress, Schedule
from shared.optim.update import Update
from shared.strategies import STRATEGIES, LocalSGD, StrategyOptions, SyncSGD

_LARGEST = 2**29  # bytes of weights
_PLAIN, _CONSTANT = SGD(), Constant()


_CHOICES: dict[str, Collection[str]] = {
    "activation": ACTIVATIONS,
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
    activation: str = "sigmoid"
    loss: str = "quadratic"
    initializer: str = "normal"
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
    seed: int = 0  # of the weights and of every epoch's order
    strategy: StrategyOptions
    monitor: str = "validation-accuracy"  # by which epochs are compared
    early_stopping: int = 0  # epochs without improvement after which the run ends; 0: it goes on to the last

    def __post_init__(self) -> None:
        """Check every option by itself. Raises ConfigError."""
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            hint = "for MNIST, give 784,30,10"
            raise ConfigError("sizes", join(self.sizes), "needs at least two layers of at least one neuron", hint)
        for field in ("epochs", "mini_batch_size"):
            if getattr(self, field) < 1:
                raise ConfigError(field, getattr(self, field), "must be at least 1")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            hint = "the notebook used 3.0"
            raise ConfigError("learning_rate", self.learning_rate, "must be a finite number above 0", hint)
        if not 0 <= self.seed < 2**64:
            raise ConfigError("seed", self.seed, "must be between 0 and 2^64 - 1")
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
        if self.monitored is None and (needing := self._needing_monitor()):
            rule = "needs a figure by which epochs are compared"
            raise ConfigError(*needing, rule, "give --monitor validation-accuracy")
        if self.nbytes > _LARGEST:
            # Redis refuses a string of more than 512 MB, and weights and gradients are one string each.
            rule = f"must make at most {_LARGEST // 2**20} MiB of weights, not {self.nbytes // 2**20}"
            raise ConfigError("sizes", join(self.sizes), rule, "choose smaller layers")
        self.mlp()  # raises ConfigError if sums of so many could not be exact

    def check_data(self, n_samples: int, n_inputs: int, n_classes: int) -> None:
        """Check that the configuration fits the training data. Raises ConfigError."""
        if self.sizes[0] != n_inputs:
            rule = f"must begin with {n_inputs}, the number of inputs in the data"
            raise ConfigError("sizes", join(self.sizes), rule)
        if self.sizes[-1] != n_classes:
            rule = f"must end with {n_classes}, the number of classes in the data"
            raise ConfigError("sizes", join(self.sizes), rule)
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
        raise ConfigError(*(self._needing_monitor() or ("monitor", self.monitor)), rule, hint)

    @property
    def monitored(self) -> Monitor | None:
        """The figure by which epochs are compared, if they are."""
        return MONITORS[self.monitor]

    @property
    def depends_on_monitor(self) -> bool:
        """Whether what is monitored decides how the run goes on, and not only which epoch is called the best."""
        return self._needing_monitor() is not None

    def _needing_monitor(self) -> tuple[str, object] | None:
        """Return name and value of an option by which the run's course depends on what is monitored."""
        if self.early_stopping:
            return "early_stopping", self.early_stopping
        return ("schedule", self.schedule.kind) if self.schedule.feedback else None

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

    def mlp(self) -> MLP:
        """Return the network's formulas."""
        activation, loss = ACTIVATIONS[self.activation], LOSSES[self.loss]
        arithmetic = ARITHMETICS[self.arithmetic](self.sizes, activation, loss, self.numpy_dtype, self.mini_batch_size)
        return MLP(self.sizes, activation, loss, arithmetic)

    def initial_parameters(self) -> Parameters:
        """Return the weights and biases before the first step."""
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
        chosen = {name: kinds.to_json(plain[name]) for name in _KINDS}
        return {**plain, "sizes": list(self.sizes), **chosen}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "TrainConfig":
        """Rebuild a configuration, of this version or of 0.1. Raises ConfigError, TypeError or KeyError for others."""
        given = {"arithmetic": "native", **given} if "strategy" in given else _of_version_0_1(given)
        given = {"monitor": "none", **given}  # before 0.2 no figure of validation samples was kept
        chosen = {name: kinds.from_json(known, given[name], name) for name, known in _KINDS.items() if name in given}
        return cls(**{**given, "sizes": tuple(given["sizes"]), **chosen})


def _of_version_0_1(fields: dict[str, Any]) -> dict[str, Any]:
    """Translate the fields of GradMQ 0.1: `eta`, and all strategies' options side by side."""
    fields = dict(fields)
    learning_rate, shards, local_steps = fields.pop("eta"), fields.pop("shards"), fields.pop("local_steps", 0)
    replicas, outer_momentum = fields.pop("replicas", 1), fields.pop("outer_momentum", 0.0)
    local = {"kind": "local-sgd", "local_steps": local_steps, "replicas": replicas, "outer_momentum": outer_momentum}
    strategy = local if local_steps else {"kind": "sync-sgd", "shards": shards}
    native = {"initializer": "standard-normal", "arithmetic": "native"}
    return {**native, **fields, "learning_rate": learning_rate, "strategy": strategy}


def join(sizes: tuple[int, ...]) -> str:
    """Return sizes as the command line takes them: 784,30,10."""
    return ",".join(map(str, sizes))
