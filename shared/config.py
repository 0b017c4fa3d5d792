"""What decides the bits of a run, as one typed, frozen object."""

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from shared.data.augment.options import Augmentation
from shared.data.sampler import BatchSampler
from shared.errors import ConfigError
from shared.nn.activations import ACTIVATIONS
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.initializers import INITIALIZERS
from shared.nn.losses import LOSSES
from shared.nn.mlp import MLP
from shared.nn.parameters import Parameters
from shared.nn.random import Purpose, stream
from shared.optim.optimizers import OPTIMIZERS, Nesterov, Optimizer
from shared.optim.schedules import SCHEDULES
from shared.strategies import STRATEGIES, LocalSGD, StrategyOptions, SyncSGD

_LARGEST = 2**29  # bytes of weights


_CHOICES: dict[str, Collection[str]] = {
    "activation": ACTIVATIONS,
    "loss": LOSSES,
    "initializer": INITIALIZERS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "arithmetic": ARITHMETICS,
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
    optimizer: str = "sgd"
    learning_rate: float  # applied to the mean gradient
    schedule: str = "constant"  # of the learning rate
    seed: int = 0  # of the weights, of every epoch's order and of the deformations
    augment: Augmentation | None = None  # how strongly images are deformed; None: not at all
    strategy: StrategyOptions

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
        return {**asdict(self), "sizes": list(self.sizes), "strategy": strategy}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "TrainConfig":
        """Rebuild a configuration, of this version or of 0.1. Raises ConfigError, TypeError or KeyError for others."""
        fields = {"arithmetic": "native", **fields} if "strategy" in fields else _of_version_0_1(fields)
        options = dict(fields.pop("strategy"))
        strategy = STRATEGIES[options.pop("kind")](**options)
        augment = fields.get("augment")
        given = {**fields, "augment": None if augment is None else Augmentation.from_json(augment)}
        return cls(**{**given, "sizes": tuple(fields["sizes"]), "strategy": strategy})


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
