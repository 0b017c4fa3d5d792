"""The gradient without a queue: computed in this process."""

from typing import Any

from numpy.typing import NDArray

from coordinator.accounting import COORDINATOR, Ledger
from shared.config import TrainConfig
from shared.data.samples import LabelledSamples
from shared.nn.parameters import Parameters
from shared.parallel.strategy import work_of

Array = NDArray[Any]


class InProcessGradients:
    """Gradients of mini-batches, by the same shards and the same tree as with workers."""

    workers = 0

    def __init__(self, config: TrainConfig, samples: LabelledSamples, ledger: Ledger) -> None:
        self._work = work_of(config, samples)
        self._ledger = ledger

    def gradient(self, parameters: Parameters, epoch: int, batch: int, rows: Array) -> tuple[Array, int]:
        """Return the gradient summed over the mini-batch's rows, and their number."""
        gradient, n_samples = self._work.block(parameters, rows, 0, len(self._work.bounds(len(rows))) - 1)
        self._ledger.asked(1)
        self._ledger.answered(COORDINATOR, n_samples)
        return gradient, n_samples
