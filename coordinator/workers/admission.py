"""Who may compute in a run: workers whose machines round as the coordinator's does."""

from coordinator.workers.exclusions import Exclusions
from shared.environment import Kernels


class Admission:
    """Compares what workers compute with, as they join, and excludes those that would give other bits."""

    def __init__(self, kernels: Kernels, arithmetic: str, exclusions: Exclusions) -> None:
        """kernels: the coordinator's.  arithmetic: of the run."""
        self._kernels, self._arithmetic, self._exclusions = kernels, arithmetic, exclusions

    def admits(self, worker: str, kernels: Kernels) -> bool:
        """Tell whether a worker that has joined may compute; exclude it from the run if not."""
        if kernels.digest == self._kernels.digest:
            return True
        self._exclusions.exclude(worker, self._why(kernels))
        return False

    def _why(self, theirs: Kernels) -> str:
        if self._arithmetic == "exact":
            return (
                f"its exact arithmetic is wrong ({theirs.description}): the fixed problem gives {theirs.short}, not "
                f"{self._kernels.short}, a defect of that machine; `gradmq doctor` there tells more"
            )
        return (
            f"it rounds otherwise: it computes with {theirs.description}, the coordinator with "
            f"{self._kernels.description}; give both the same kernels (processor, NumPy, OPENBLAS_CORETYPE, "
            "NPY_DISABLE_CPU_FEATURES), or train with --arithmetic exact"
        )
