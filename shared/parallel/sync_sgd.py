"""Synchronous SGD: a step is one mini-batch, and each of its shards gives the gradient summed over its samples."""

from collections.abc import Sequence

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.parallel.reduction import TreeReducer
from shared.parallel.sharding import shard_bounds
from shared.strategies import SyncSGD
from shared.types import Vector


class SyncSGDStrategy:
    """The strategy of `shared.strategies.SyncSGD`."""

    def __init__(self, config: TrainConfig, options: SyncSGD, samples: Samples) -> None:
        self._config, self._shards, self._samples = config, options.shards, samples
        self._mlp, self._n_steps = config.mlp(), config.n_steps(len(samples))
        self._optimizer = config.step_optimizer()
        self._reducer = TreeReducer(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return shard_bounds(n_samples, self._shards)

    def block(self, parameters: Parameters, step: Step, first: int, stop: int) -> tuple[Vector, int]:
        bounds = self.bounds(len(step.rows))

        def gradient(shard: int, out: Parameters) -> None:
            x, y = self._samples.columns(step.rows[bounds[shard] : bounds[shard + 1]], self._mlp.dtype)
            self._mlp.backward(parameters, x, y, out)

        return self._reducer.sum(gradient, first, stop), bounds[stop] - bounds[first]

    def update(self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, n_samples: int) -> None:
        self._optimizer.update(
            parameters.flat, state, total, n_samples, self._config.learning_rate_at(step.number, self._n_steps)
        )
