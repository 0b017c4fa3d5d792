"""What a step consists of: the parts that workers compute, and what becomes of their sum.

Exact steps: a step is one mini-batch, a part is the gradient of one shard of it, and the sum of the parts is the
mini-batch's gradient.  Local steps (local SGD; S. U. Stich, ICLR 2019): a step is `replicas` times `local_steps`
mini-batches, a part is how far one replica moves the weights while it takes its own `local_steps` SGD steps from them,
and the weights follow the mean of the moves, with an outer momentum if one is asked for (as in DiLoCo; A. Douillard et
al., 2023).  Either way parts are added in the tree of `shared.sgd`, so that nothing depends on who computed them.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.config import TrainConfig
from shared.nn.parameters import Parameters
from shared.parallel.sgd import Gradients, Samples, sgd_step, shard_bounds, tree_sum

Array = NDArray[Any]


class Work(Protocol):
    """Parts of steps, on one set of samples."""

    def bounds(self, n_samples: int) -> list[int]:
        """Return where the parts of a step of so many samples begin, and its end."""
        ...

    def block(self, parameters: Parameters, rows: Array, first: int, stop: int) -> tuple[Array, int]:
        """Return the sum of parts `first` to `stop - 1` of a step, and the number of their samples.

        rows: the step's samples.  The sum is flat like `parameters.flat` and valid until the next call.
        """
        ...

    def take_step(self, parameters: Parameters, velocity: Array | None, total: Array, n_samples: int) -> None:
        """Take the step, in place.  total: the sum of all parts; it is used up.  velocity: of the outer momentum."""
        ...


def work_of(config: TrainConfig, samples: Samples) -> Work:
    """Return the work of a run."""
    return LocalSteps(config, samples) if config.local_steps else ExactSteps(config, samples)


class ExactSteps:
    """Synchronous SGD: a part is the gradient summed over a shard."""

    def __init__(self, config: TrainConfig, samples: Samples) -> None:
        self._config = config
        self._gradients = Gradients(samples, config.sizes, config.dtype)

    def bounds(self, n_samples: int) -> list[int]:
        return shard_bounds(n_samples, self._config.shards)

    def block(self, parameters: Parameters, rows: Array, first: int, stop: int) -> tuple[Array, int]:
        return self._gradients.block(parameters, rows, self._config.shards, first, stop)

    def take_step(self, parameters: Parameters, velocity: Array | None, total: Array, n_samples: int) -> None:
        sgd_step(parameters, total, self._config.eta, n_samples)


class LocalSteps:
    """Local SGD: a part is the move of one replica over its mini-batches."""

    def __init__(self, config: TrainConfig, samples: Samples) -> None:
        self._config = config
        self._gradients = Gradients(samples, config.sizes, config.dtype)
        self._replica = Parameters(config.sizes, config.dtype)
        self._moves: list[Array] = []

    def bounds(self, n_samples: int) -> list[int]:
        width = self._config.mini_batch_size * self._config.local_steps
        return [*range(0, n_samples, width), n_samples]

    def block(self, parameters: Parameters, rows: Array, first: int, stop: int) -> tuple[Array, int]:
        bounds = self.bounds(len(rows))

        def move(number: int) -> Array:
            # The tree holds one finished sum for each 1 bit of the number of moves before this one.
            held = (number - first).bit_count()
            if held == len(self._moves):
                self._moves.append(np.empty_like(parameters.flat))
            self._walk(parameters, rows[bounds[number] : bounds[number + 1]])
            return np.subtract(self._replica.flat, parameters.flat, self._moves[held])

        return tree_sum(move, first, stop), bounds[stop] - bounds[first]

    def _walk(self, start: Parameters, rows: Array) -> None:
        """Have the replica take its SGD steps from there."""
        replica, size = self._replica, self._config.mini_batch_size
        replica.flat[:] = start.flat
        for first in range(0, len(rows), size):
            gradient, n_samples = self._gradients.block(replica, rows[first : first + size], 1)
            sgd_step(replica, gradient, self._config.eta, n_samples)

    def take_step(self, parameters: Parameters, velocity: Array | None, total: Array, n_samples: int) -> None:
        total /= len(self.bounds(n_samples)) - 1
        if velocity is not None:
            # Nesterov's momentum on the mean move: v = mu v + move; w += move + mu v.
            velocity *= self._config.outer_momentum
            velocity += total
            total += self._config.outer_momentum * velocity
        parameters.flat += total
