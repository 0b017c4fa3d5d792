"""What becomes of a gradient. A new optimizer is a class here and a line in `OPTIMIZERS`.

Workers sum, and only here a sum is divided, once, by what it was summed over.
"""

from typing import Protocol

import numpy as np

from shared.types import Vector

OptimizerState = dict[str, Vector]  # what an optimizer remembers from step to step, by its name in a checkpoint


class Optimizer(Protocol):
    """A rule for the next weights."""

    def initial_state(self, weights: Vector) -> OptimizerState:
        """Return what is remembered before the first step."""
        ...

    def update(
        self, weights: Vector, state: OptimizerState, gradient: Vector, count: float, learning_rate: float
    ) -> None:
        """Take a step: change `weights` and `state` in place.

        gradient: summed over `count` samples (or replicas); it is used up.
        """
        ...


class SGD:
    """w -= (learning rate / count) * gradient."""

    def initial_state(self, weights: Vector) -> OptimizerState:
        return {}

    def update(
        self, weights: Vector, state: OptimizerState, gradient: Vector, count: float, learning_rate: float
    ) -> None:
        gradient *= learning_rate / count
        weights -= gradient


class Nesterov:
    """v = momentum * v + mean; w -= learning rate * (mean + momentum * v), where the mean is gradient / count.

    Y. Nesterov, 1983, as I. Sutskever et al., ICML 2013, write it; without momentum there is no v.
    """

    def __init__(self, momentum: float) -> None:
        self._momentum = momentum

    def initial_state(self, weights: Vector) -> OptimizerState:
        return {"velocity": np.zeros_like(weights)} if self._momentum else {}

    def update(
        self, weights: Vector, state: OptimizerState, gradient: Vector, count: float, learning_rate: float
    ) -> None:
        gradient /= count
        if self._momentum:
            velocity = state["velocity"]
            velocity *= self._momentum
            velocity += gradient
            gradient += self._momentum * velocity
        gradient *= learning_rate
        weights -= gradient


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": SGD(),
}
