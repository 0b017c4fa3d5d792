"""Computing again what a worker has computed, and comparing every bit."""

import random

from coordinator.gradients.pending import Array, PendingStep
from shared.messaging.records import Record
from shared.nn.parameters import Parameters
from shared.parallel.sgd import is_finite
from shared.parallel.strategy import Work


class Audit:
    """Checks a share of the replies, and each one that is not finite."""

    def __init__(self, share: float, work: Work) -> None:
        self._share = share
        self._work = work
        # Not from the run's seed: no worker shall know which of its replies are checked.
        self._random = random.SystemRandom()

    def correct(self, parameters: Parameters, ask: PendingStep, reply: Record, gradient: Array) -> bool:
        """Check a reply, perhaps; put the right gradient in the place of a wrong one, and tell whether it was right."""
        # A run that diverges has gradients that are not finite, and so does a worker that is broken.
        if is_finite(gradient) and not (self._share and self._random.random() < self._share):
            return True
        right, _ = self._work.block(parameters, ask.rows, reply.first, reply.stop)
        if right.tobytes() == gradient.tobytes() or not (is_finite(right) or is_finite(gradient)):
            return True
        gradient[...] = right
        return False
