"""What the shards of a step are, and what becomes of their sum."""

from collections.abc import Sequence
from typing import Protocol

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.parallel.local_sgd import LocalSGDStrategy
from shared.parallel.sync_sgd import SyncSGDStrategy
from shared.strategies import SyncSGD
from shared.types import Vector


class Strategy(Protocol):
    """A way to divide a step among workers. Whoever computes the shards, their sum has the same bits."""

    def bounds(self, n_samples: int) -> Sequence[int]:
        """Return where the shards of a step of so many samples begin, and its end."""
        ...

    def block(self, parameters: Parameters, step: Step, first: int, stop: int) -> tuple[Vector, int]:
        """Return the sum of shards `first` to `stop - 1` of a step, and the number of their samples.

        The sum is flat like `parameters.flat` and valid until the next call.
        """
        ...

    def update(self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, n_samples: int) -> None:
        """Take the step, in place.  total: the sum of all its shards; it is used up."""
        ...


def strategy_of(config: TrainConfig, samples: Samples) -> Strategy:
    """Return the strategy of a run."""
    if isinstance(config.strategy, SyncSGD):
        return SyncSGDStrategy(config, config.strategy, samples)
    return LocalSGDStrategy(config, config.strategy, samples)
