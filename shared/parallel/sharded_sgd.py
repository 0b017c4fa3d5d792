"""Synchronous SGD in native arithmetic: a step is one mini-batch, in shards that are added in a fixed tree."""

from collections.abc import Sequence

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.evaluation import Score
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.parallel.reduction import TreeReducer
from shared.parallel.sharding import shard_bounds
from shared.parallel.work import Sum
from shared.types import Vector


class ShardedSGDStrategy:
    """The strategy of `shared.strategies.SyncSGD` with shards."""

    evaluates = False
    divisible = False

    def __init__(self, config: TrainConfig, shards: int, samples: Samples) -> None:
        self._config, self._shards, self._samples = config, shards, samples
        self._mlp, self._n_steps = config.mlp(), config.n_steps(len(samples))
        self._numbers = self._mlp.dtype, self._mlp.arithmetic.input_grid  # as samples are needed
        self._optimizer = config.step_optimizer()
        self._reducer = TreeReducer(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return shard_bounds(n_samples, self._shards)

    def broadcast(self, parameters: Parameters) -> Parameters:
        return self._mlp.rounded(parameters)

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        bounds = self.bounds(len(step.rows))

        def gradient(shard: int, out: Parameters) -> None:
            x, y = self._samples.columns(step.rows[bounds[shard] : bounds[shard + 1]], *self._numbers)
            self._mlp.backward(weights, x, y, out)

        return Sum(self._reducer.sum(gradient, first, stop), Score.of(0, 0.0, bounds[stop] - bounds[first]))

    def update(self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, n_samples: int) -> None:
        self._optimizer.update(
            parameters.flat, state, total, n_samples, self._config.learning_rate_at(step.update, self._n_steps)
        )
