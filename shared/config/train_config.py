"""What decides the bits of a run, as one typed, frozen object."""

from dataclasses import dataclass, replace
from typing import Any

from shared import kinds
from shared.config import checks, serialization
from shared.config.options import CONSTANT, PLAIN, Options
from shared.data.sampler import BatchSampler
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
from shared.optim.optimizers import Nesterov, Optimizer, OptimizerState
from shared.optim.penalties import Penalties
from shared.optim.schedules import Progress
from shared.optim.update import Update
from shared.strategies import LocalSGD

_AMOUNTS = ("l1", "l2", "clip_norm", "max_norm", "ema", "dropout", "input_dropout", "label_smoothing")


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Options):
    """The configuration of a run: with the data, it determines the trained weights to the last bit."""

    def __post_init__(self) -> None:
        """Fill in what follows from other options, and check all. Raises ConfigError."""
        if not self.loss and self.output in OUTPUTS:
            object.__setattr__(self, "loss", OUTPUTS[self.output].loss)
        checks.check_choices(self)
        object.__setattr__(self, "dtype", self.dtype or ARITHMETICS[self.arithmetic].dtypes[0])
        checks.check(self)
        on_grid = tuple(round(weight / checks.LEAST_WEIGHT) * checks.LEAST_WEIGHT for weight in self.class_weights)
        object.__setattr__(self, "class_weights", on_grid)  # so that their sums are exact
        self.mlp()  # raises ConfigError if sums of so many could not be exact

    def check_data(self, n_samples: int, n_inputs: int, n_outputs: int, has_classes: bool = True) -> None:
        """Check that the configuration fits the training data. Raises ConfigError.

        n_outputs: the number of classes, or of targets.
        """
        checks.check_data(self, n_samples, n_inputs, n_outputs, has_classes)

    def check_validation(self, n_validation: int) -> None:
        """Check that there are validation samples, if any are needed. Raises ConfigError."""
        checks.check_validation(self, n_validation)

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
    def learning(self) -> str:
        """What becomes of a gradient, for people: the learning rate, and what is not as in the notebook."""
        chosen = [kinds.describe(each) for each in (self.optimizer, self.schedule) if each not in (PLAIN, CONSTANT)]
        amounts = {name: getattr(self, name) for name in _AMOUNTS}
        around = [f"{name.replace('_', ' ')} {value:g}" for name, value in amounts.items() if value]
        deformed = [] if self.augment is None else [f"deformed by {self.augment}"]
        return ", ".join([f"learning rate {self.learning_rate}", *chosen, *around, *deformed])

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
        return serialization.to_json(self)

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "TrainConfig":
        """Rebuild a configuration, of this version or of 0.1. Raises ConfigError, TypeError or KeyError for others."""
        return cls(**serialization.from_json(given))
