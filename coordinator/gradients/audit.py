"""Computing again what a worker has computed, and comparing every number."""

import random

import numpy as np

from coordinator.gradients.pending import PendingStep
from shared.messaging.records import Record
from shared.nn.evaluation import is_finite
from shared.nn.parameters import Parameters
from shared.parallel.strategy import Strategy
from shared.types import Vector


class Audit:
    """Checks a share of the replies, and each one that is not finite."""

    def __init__(self, share: float, strategy: Strategy) -> None:
        self._share = share
        self._strategy = strategy
        # Not from the run's seed: no worker shall know which of its replies are checked.
        self._random = random.SystemRandom()

    def correct(self, weights: Parameters, pending: PendingStep, reply: Record, gradient: Vector) -> bool:
        """Check a reply, perhaps; put the right gradient in the place of a wrong one, and tell whether it was right.

        weights: what the step is computed with.
        """
        # A run that diverges has gradients that are not finite, and so does a worker that is broken.
        if is_finite(gradient) and not (self._share and self._random.random() < self._share):
            return True
        right, _ = self._strategy.block(weights, pending.step, reply.first, reply.stop)
        # By value: of zeros, the signs may differ between machines.
        if np.array_equal(right, gradient) or not (is_finite(right) or is_finite(gradient)):
            return True
        gradient[...] = right
        return False
