"""Local SGD (S. U. Stich, ICLR 2019): replicas of the weights take steps of their own, and then are averaged.

A step is `replicas` times `local_steps` mini-batches. A shard is one replica's share of them, and gives how far its own
steps moved it, from the common weights: with the sign of a gradient, which is why it is called a pseudo-gradient.
The weights follow the mean of them, with momentum if it is asked for (DiLoCo; A. Douillard et al., 2023).
"""

from collections.abc import Sequence

import numpy as np

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.errors import DivergedError
from shared.nn.parameters import Parameters
from shared.nn.score import Score, added
from shared.optim.optimizers import OptimizerState
from shared.parallel.batches import Batches
from shared.parallel.reduction import TreeReducer
from shared.parallel.work import Sum
from shared.strategies import LocalSGD
from shared.types import Vector


class LocalSGDStrategy:
    """The strategy of `shared.strategies.LocalSGD`."""

    evaluates = False
    divisible = False

    def __init__(self, config: TrainConfig, options: LocalSGD, samples: Samples) -> None:
        self._config = config
        self._samples_per_replica = config.mini_batch_size * options.local_steps
        self._mlp, self._steps_per_epoch = config.mlp(), config.sampler(len(samples)).steps_per_epoch
        self._batches = Batches(config, samples, self._mlp)
        self._common = config.mlp()  # rounds into memory of its own
        self._inner, self._outer = config.local_update(len(samples)), config.step_update(len(samples))
        self._replica = Parameters(config.sizes, config.dtype)
        self._gradient = Parameters(config.sizes, config.dtype)
        self._reducer = TreeReducer(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return [*range(0, n_samples, self._samples_per_replica), n_samples]

    def broadcast(self, parameters: Parameters) -> Parameters:
        return self._common.rounded(parameters)

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        bounds = self.bounds(len(step.rows))
        scores: list[Score] = []

        def pseudo_gradient(shard: int, out: Parameters) -> None:
            try:
                scores.extend(self._take_local_steps(weights, step, bounds[shard], bounds[shard + 1]))
                np.subtract(weights.flat, self._replica.flat, out.flat)
            except DivergedError:  # whoever computes this: the loop reports it
                out.flat.fill(np.nan)
                scores.append(Score(samples=bounds[shard + 1] - bounds[shard]))

        return Sum(self._reducer.sum(pseudo_gradient, first, stop), added(scores))

    def _take_local_steps(self, start: Parameters, step: Step, first: int, stop: int) -> list[Score]:
        """Have the replica take its steps on samples `first` to `stop - 1`; return how good it was on the way."""
        replica, gradient, size = self._replica, self._gradient, self._config.mini_batch_size
        replica.flat[:] = start.flat
        state = self._inner_state()
        learning_rate = self._config.learning_rate_at(step.update, self._steps_per_epoch)
        scores: list[Score] = []
        for begin in range(first, stop, size):
            end = min(begin + size, stop)
            batch = self._batches.part(step, begin, end)
            scores.append(batch.learn(self._mlp, self._mlp.rounded(replica), gradient))
            self._inner(replica, state, gradient.flat, self._batches.count(step, begin, end), learning_rate)
        return scores

    def _inner_state(self) -> OptimizerState:
        """Return what a replica's optimizer remembers at its first step: nothing of the steps before the last average.

        So a replica is made of the common weights alone, and any worker can compute any of them.
        """
        return self._inner.initial_state(self._replica.flat)

    def update(
        self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, reductions: int = 0
    ) -> None:
        total /= len(self.bounds(len(step.rows))) - 1  # replicas; in an epoch's last step there may be fewer
        self._outer(parameters, state, total, 1, 1.0)
