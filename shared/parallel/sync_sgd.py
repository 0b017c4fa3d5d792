"""Synchronous SGD in an arithmetic whose sums have no order: a step is one mini-batch, and any cut of it will do."""

from collections.abc import Sequence

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.evaluation import Score
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.parallel.work import Sum
from shared.types import Vector


class SyncSGDStrategy:
    """The strategy of `shared.strategies.SyncSGD` without shards."""

    evaluates = False
    divisible = True

    def __init__(self, config: TrainConfig, samples: Samples) -> None:
        self._config, self._samples = config, samples
        self._mlp, self._n_steps = config.mlp(), config.n_steps(len(samples))
        self._numbers = self._mlp.dtype, self._mlp.arithmetic.input_grid  # as samples are needed
        self._optimizer = config.step_optimizer()
        self._gradient = Parameters(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return range(n_samples + 1)

    def broadcast(self, parameters: Parameters) -> Parameters:
        return self._mlp.rounded(parameters)

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        x, y = self._samples.columns(step.rows[first:stop], *self._numbers)
        self._mlp.backward(weights, x, y, self._gradient)
        return Sum(self._gradient.flat, Score.of(0, 0.0, stop - first))

    def update(self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, n_samples: int) -> None:
        self._optimizer.update(
            parameters.flat, state, total, n_samples, self._config.learning_rate_at(step.update, self._n_steps)
        )
