"""Synchronous SGD in native arithmetic: a step is one mini-batch, in shards that are added in a fixed tree."""

from collections.abc import Sequence

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.nn.score import Score, added
from shared.optim.optimizers import OptimizerState
from shared.parallel.batches import Batches
from shared.parallel.reduction import TreeReducer
from shared.parallel.sharding import shard_bounds
from shared.parallel.work import Sum
from shared.types import Vector


class ShardedSGDStrategy:
    """The strategy of `shared.strategies.SyncSGD` with shards."""

    evaluates = False
    divisible = False

    def __init__(self, config: TrainConfig, shards: int, samples: Samples) -> None:
        self._config, self._shards = config, shards
        self._mlp, self._steps_per_epoch = config.mlp(), config.sampler(len(samples)).steps_per_epoch
        self._batches = Batches(config, samples, self._mlp)
        self._update = config.step_update(len(samples))
        self._reducer = TreeReducer(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return shard_bounds(n_samples, self._shards)

    def broadcast(self, parameters: Parameters) -> Parameters:
        return self._mlp.rounded(parameters)

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        bounds = self.bounds(len(step.rows))
        scores: list[Score] = []

        def gradient(shard: int, out: Parameters) -> None:
            batch = self._batches.part(step, bounds[shard], bounds[shard + 1])
            scores.append(batch.learn(self._mlp, weights, out))

        return Sum(self._reducer.sum(gradient, first, stop), added(scores))

    def update(
        self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, reductions: int = 0
    ) -> None:
        learning_rate = self._config.learning_rate_at(step.update, self._steps_per_epoch, reductions)
        self._update(parameters, state, total, self._batches.count(step), learning_rate)
