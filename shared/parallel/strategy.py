"""What the units of a step are, and what becomes of their sum."""

from collections.abc import Sequence
from typing import Protocol

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.parallel.local_sgd import LocalSGDStrategy
from shared.parallel.sharded_sgd import ShardedSGDStrategy
from shared.parallel.sums import Sum
from shared.parallel.sync_sgd import SyncSGDStrategy
from shared.strategies import LocalSGD
from shared.types import Vector


class Strategy(Protocol):
    """A way to divide a step among workers. Whoever computes its units, their sum has the same bits.

    A unit is the least that can be computed alone: a sample, a shard of a mini-batch, or a replica's local steps.
    """

    # Whether a step may be cut between any two units, and the sums of its parts added in any order. Otherwise parts are
    # nodes of the tree that adds the units (`shared.parallel.reduction`).
    divisible: bool

    def bounds(self, n_samples: int) -> Sequence[int]:
        """Return where the units of a step of so many samples begin, and its end."""
        ...

    def broadcast(self, parameters: Parameters) -> Parameters:
        """Return the weights as blocks are computed with: these are what travels. Valid until the next call.

        Raises DivergedError for weights that have grown too large.
        """
        ...

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        """Return the sum of units `first` to `stop - 1` of a step.  weights: of `broadcast`."""
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
