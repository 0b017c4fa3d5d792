"""Synchronous SGD in native arithmetic: a step is one mini-batch, in shards that are added in a fixed tree."""

from collections.abc import Sequence

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.parallel.reduction import TreeReducer
from shared.parallel.sharding import shard_bounds
from shared.types import Vector


class ShardedSGDStrategy:
    """The strategy of `shared.strategies.SyncSGD` with shards."""

    divisible = False

    def __init__(self, config: TrainConfig, shards: int, samples: Samples) -> None:
        self._config, self._shards, self._samples = config, shards, samples
        self._mlp, self._steps_per_epoch = config.mlp(), config.sampler(len(samples)).steps_per_epoch
        self._numbers = self._mlp.dtype, self._mlp.arithmetic.input_grid  # as samples are needed
        self._update = config.step_update(len(samples))
        self._reducer = TreeReducer(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return shard_bounds(n_samples, self._shards)

    def broadcast(self, parameters: Parameters) -> Parameters:
        return self._mlp.rounded(parameters)

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> tuple[Vector, int]:
        bounds = self.bounds(len(step.rows))

        def gradient(shard: int, out: Parameters) -> None:
            x, y = self._samples.columns(step.rows[bounds[shard] : bounds[shard + 1]], *self._numbers)
            self._mlp.backward(weights, x, y, out)

        return self._reducer.sum(gradient, first, stop), bounds[stop] - bounds[first]

    def update(
        self,
        parameters: Parameters,
        state: OptimizerState,
        step: Step,
        total: Vector,
        n_samples: int,
        reductions: int = 0,
    ) -> None:
        learning_rate = self._config.learning_rate_at(step.number, self._steps_per_epoch, reductions)
        self._update(parameters, state, total, n_samples, learning_rate)
