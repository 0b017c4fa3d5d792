"""Computing again what a worker has computed, and comparing every number."""

import random
from collections.abc import Sequence

import numpy as np

from coordinator.gradients.pending import PendingStep
from shared.messaging.records import Record
from shared.nn.evaluation import is_finite
from shared.nn.parameters import Parameters
from shared.types import Vector


class Audit:
    """Checks a share of the replies, and each one that is not finite."""

    def __init__(self, share: float, by_workers: bool = False) -> None:
        """share: of the replies that are checked; with 0, only those that are not finite.

        by_workers: another worker is asked first, and the coordinator computes only where both differ.
        """
        self.share, self.by_workers = share, by_workers
        # Not from the run's seed: no worker shall know which of its replies are checked.
        self._random = random.SystemRandom()

    def draws(self) -> bool:
        """Tell whether a reply is to be checked."""
        return bool(self.share) and self._random.random() < self.share

    def one_of(self, leases: Sequence[int]) -> int | None:
        """Return one of these leases, which nobody can foretell; None if there is none."""
        return self._random.choice(leases) if leases else None

    def corrected(
        self, weights: Parameters, pending: PendingStep, reply: Record, gradient: Vector, drawn: bool
    ) -> Record:
        """Check a reply, and return it as it should be: itself if it is right, or is not checked.

        weights: what the step is computed with.  gradient: the reply's; the right one takes the place of a wrong one.
        drawn: whether it is to be checked though it is finite.
        """
        # A run that diverges has gradients that are not finite, and so does a worker that is broken.
        if is_finite(gradient) and not drawn:
            return reply
        right, score = pending.work.block(weights, pending.step, reply.first, reply.stop)
        if not (is_finite(right) or is_finite(gradient)):
            return reply
        # By value: of zeros, the signs may differ between machines.
        if np.array_equal(right, gradient) and score == reply.score:
            return reply
        gradient[...] = right
        return reply._replace(correct=score.correct, cost=score.cost)
