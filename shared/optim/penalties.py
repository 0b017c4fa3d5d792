"""Penalties: what large weights add to the cost, as a part of its gradient."""

from dataclasses import dataclass

import numpy as np

from shared.types import Vector


@dataclass(frozen=True)
class Penalties:
    """l1 * sum of |w| + l2 / 2 * sum of w², of the weights, not of the biases, added to the mean cost of a sample."""

    l1: float = 0.0
    l2: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.l1 or self.l2)

    def add(self, weights: Vector, gradient: Vector, room: Vector) -> None:
        """Add their gradient to a block's mean gradient.  room: memory to compute in."""
        if self.l2:
            np.multiply(weights, self.l2, room)
            gradient += room
        if self.l1:
            np.sign(weights, room)
            room *= self.l1
            gradient += room


NO_PENALTIES = Penalties()
