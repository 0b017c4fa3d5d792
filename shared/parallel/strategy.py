"""What the units of a step are, and what becomes of their sum."""

from typing import Protocol

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.parallel.local_sgd import LocalSGDStrategy
from shared.parallel.sharded_sgd import ShardedSGDStrategy
from shared.parallel.sync_sgd import SyncSGDStrategy
from shared.parallel.work import Work
from shared.strategies import LocalSGD
from shared.types import Vector


class Strategy(Work, Protocol):
    """A way to divide a step that changes weights among workers."""

    def broadcast(self, parameters: Parameters) -> Parameters:
        """Return the weights as blocks are computed with: these are what travels. Valid until the next call.

        Raises DivergedError for weights that have grown too large.
        """
        ...

    def update(
        self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, reductions: int = 0
    ) -> None:
        """Take the step, in place.

        total: the sum of all its units; it is used up.  reductions: of the learning rate, by `Schedule.reductions`.
        """
        ...


def strategy_of(config: TrainConfig, samples: Samples) -> Strategy:
    """Return the strategy of a run."""
    options = config.strategy
    if isinstance(options, LocalSGD):
        return LocalSGDStrategy(config, options, samples)
    if options.shards is None:
        return SyncSGDStrategy(config, samples)
    return ShardedSGDStrategy(config, options.shards, samples)
