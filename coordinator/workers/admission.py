"""Who may compute in a run: workers whose machines round as the coordinator's does."""

from coordinator.workers.exclusions import Exclusions
from shared.environment import ALIKE, Kernels


class Admission:
    """Compares what workers compute with, as they join, and excludes those that would give other bits."""

    def __init__(self, kernels: Kernels, any_order: bool, exclusions: Exclusions) -> None:
        """kernels: the coordinator's.  any_order: whether sums have the same bits in any order, and so everywhere."""
        self._kernels, self._any_order, self._exclusions = kernels, any_order, exclusions

    def admits(self, worker: str, kernels: Kernels) -> bool:
        """Tell whether a worker that has joined may compute; exclude it from the run if not."""
        if kernels.digest == self._kernels.digest:
            return True
        self._exclusions.exclude(worker, self._why(kernels))
        return False

    def _why(self, theirs: Kernels) -> str:
        if self._any_order:
            return (
                f"its exact arithmetic is wrong ({theirs.description}): the fixed problem gives {theirs.short}, not "
                f"{self._kernels.short}, a defect of that machine; `gradmq doctor` there tells more"
            )
        return (
            f"it rounds otherwise: it computes with {theirs.description}, the coordinator with "
            f"{self._kernels.description}; {ALIKE}"
        )
