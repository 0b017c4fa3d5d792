"""Local SGD (S. U. Stich, ICLR 2019): replicas of the weights take steps of their own, and then are averaged.

A step is `replicas` times `local_steps` mini-batches. A shard is one replica's share of them, and gives how far its own
SGD steps moved it, from the common weights: with the sign of a gradient, which is why it is called a pseudo-gradient.
The weights follow the mean of them, with momentum if it is asked for (DiLoCo; A. Douillard et al., 2023).
"""

from collections.abc import Sequence

import numpy as np

from shared.config import TrainConfig
from shared.data.sampler import Step
from shared.data.samples import Samples
from shared.errors import DivergedError
from shared.nn.evaluation import Score
from shared.nn.parameters import Parameters
from shared.optim.optimizers import OPTIMIZERS, OptimizerState
from shared.parallel.reduction import TreeReducer
from shared.parallel.work import Sum
from shared.strategies import LocalSGD
from shared.types import Rows, Vector


class LocalSGDStrategy:
    """The strategy of `shared.strategies.LocalSGD`."""

    evaluates = False
    divisible = False

    def __init__(self, config: TrainConfig, options: LocalSGD, samples: Samples) -> None:
        self._config, self._samples = config, samples
        self._samples_per_replica = config.mini_batch_size * options.local_steps
        self._mlp, self._n_steps = config.mlp(), config.n_steps(len(samples))
        self._numbers = self._mlp.dtype, self._mlp.arithmetic.input_grid  # as samples are needed
        self._common = config.mlp()  # rounds into memory of its own
        self._inner, self._outer = OPTIMIZERS[config.optimizer], config.step_optimizer()
        self._replica = Parameters(config.sizes, config.dtype)
        self._gradient = Parameters(config.sizes, config.dtype)
        self._reducer = TreeReducer(config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> Sequence[int]:
        return [*range(0, n_samples, self._samples_per_replica), n_samples]

    def broadcast(self, parameters: Parameters) -> Parameters:
        return self._common.rounded(parameters)

    def block(self, weights: Parameters, step: Step, first: int, stop: int) -> Sum:
        bounds = self.bounds(len(step.rows))
        learning_rate = self._config.learning_rate_at(step.update, self._n_steps)

        def pseudo_gradient(shard: int, out: Parameters) -> None:
            try:
                self._take_local_steps(weights, step.rows[bounds[shard] : bounds[shard + 1]], learning_rate)
                np.subtract(weights.flat, self._replica.flat, out.flat)
            except DivergedError:  # whoever computes this: the loop reports it
                out.flat.fill(np.nan)

        total = self._reducer.sum(pseudo_gradient, first, stop)
        return Sum(total, Score.of(0, 0.0, bounds[stop] - bounds[first]))

    def _take_local_steps(self, start: Parameters, rows: Rows, learning_rate: float) -> None:
        """Have the replica take its SGD steps from there."""
        replica, gradient, size = self._replica, self._gradient, self._config.mini_batch_size
        replica.flat[:] = start.flat
        state = self._inner.initial_state(replica.flat)
        for first in range(0, len(rows), size):
            x, y = self._samples.columns(rows[first : first + size], *self._numbers)
            self._mlp.backward(self._mlp.rounded(replica), x, y, gradient)
            self._inner.update(replica.flat, state, gradient.flat, x.shape[1], learning_rate)

    def update(self, parameters: Parameters, state: OptimizerState, step: Step, total: Vector, n_samples: int) -> None:
        replicas = len(self.bounds(n_samples)) - 1  # in an epoch's last step there may be fewer
        self._outer.update(parameters.flat, state, total, replicas, 1.0)
