"""Synchronous SGD in an arithmetic whose sums have no order: a step is one mini-batch, and any cut of it will do."""

from collections.abc import Sequence

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OptimizerState
from shared.parallel.batches import Batches
from shared.parallel.work import Sum
from shared.types import Vector


class SyncSGDStrategy:
    """The strategy of `shared.strategies.SyncSGD` without shards."""

    evaluates = False
    divisible = True

    def __init__(self, config: TrainConfig, samples: Samples) -> None:
        self._config = config
        self._mlp, self._steps_per_epoch = config.mlp(), config.sampler(len(samples)).steps_per_epoch
        self._batches = Batches(config, samples, self._mlp)
        self._update = config.step_update(len(samples))
        self._gradient = Parameters(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return range(n_samples + 1)

    def broadcast(self, parameters: Parameters) -> Parameters:
        return self._mlp.rounded(parameters)

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        score = self._batches.part(step, first, stop).learn(self._mlp, weights, self._gradient)
        return Sum(self._gradient.flat, score)

    def update(
        self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, reductions: int = 0
    ) -> None:
        learning_rate = self._config.learning_rate_at(step.update, self._steps_per_epoch, reductions)
        self._update(parameters, state, total, self._batches.count(step), learning_rate)
