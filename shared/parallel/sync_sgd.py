"""Synchronous SGD in an arithmetic whose sums have no order: a step is one mini-batch, and any cut of it will do."""

from collections.abc import Sequence

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.types import Vector


class SyncSGDStrategy:
    """The strategy of `shared.strategies.SyncSGD` without shards."""

    divisible = True

    def __init__(self, config: TrainConfig, samples: Samples) -> None:
        self._config, self._samples = config, samples
        self._mlp, self._steps_per_epoch = config.mlp(), config.sampler(len(samples)).steps_per_epoch
        self._numbers = self._mlp.dtype, self._mlp.arithmetic.input_grid  # as samples are needed
        self._update = config.step_update(len(samples))
        self._gradient = Parameters(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return range(n_samples + 1)

    def broadcast(self, parameters: Parameters) -> Parameters:
        return self._mlp.rounded(parameters)

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> tuple[Vector, int]:
        x, y = self._samples.columns(step.rows[first:stop], *self._numbers)
        self._mlp.backward(weights, x, y, self._gradient)
        return self._gradient.flat, stop - first

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
