"""The options of a run that decide its bits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.data.augment.options import Augmentation
from shared.monitors import MONITORS, Monitor
from shared.nn.arithmetic import ARITHMETICS
from shared.nn.parameters import Parameters
from shared.optim.optimizers import SGD, Optimizer
from shared.optim.schedules import Constant, Schedule
from shared.strategies import StrategyOptions

PLAIN, CONSTANT = SGD(), Constant()


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options, and what follows from them alone."""

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
    optimizer: Optimizer = PLAIN  # with local steps, the replicas'
    learning_rate: float  # applied to the mean gradient
    schedule: Schedule = CONSTANT  # of the learning rate
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

    @property
    def monitored(self) -> Monitor | None:
        """The figure by which epochs are compared, if they are."""
        return MONITORS[self.monitor]

    @property
    def depends_on_monitor(self) -> bool:
        """Whether what is monitored decides how the run goes on, and not only which epoch is called the best."""
        return self.early_stopping > 0 or self.schedule.feedback

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The dtype as NumPy's."""
        return np.dtype(self.dtype)

    @property
    def any_order(self) -> bool:
        """Whether sums have the same bits in any order, and so on any machine."""
        return ARITHMETICS[self.arithmetic].any_order

    @property
    def neurons(self) -> str:
        """Layers and what their neurons do, for people; sigmoids with the quadratic cost go without saying."""
        kinds = (self.activation, self.output, self.loss)
        text = ",".join(map(str, self.sizes))
        return text if kinds == ("sigmoid", "sigmoid", "quadratic") else f"{text} ({', '.join(kinds)})"

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
        return self.schedule.depends_on_end
