"""The figures of an epoch."""

from dataclasses import dataclass
from typing import Any

from coordinator.training.state import TrainingState
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.nn.evaluation import count_correct


@dataclass(frozen=True)
class EpochMetrics:
    """What is recorded of an epoch: a line of metrics.jsonl."""

    epoch: int
    correct: int
    n_test: int
    accuracy: float  # correct / n_test
    mini_batches: int
    samples: int  # that gradients were summed over
    seconds: float
    workers: int  # that gave replies; 0 for a run in one process
    weights_sha256: str
    ledger: dict[str, Any]  # EpochCounts as JSON

    def __str__(self) -> str:
        """The notebook's line."""
        return f"Epoch {self.epoch}: accuracy is {self.correct}/{self.n_test}"


def evaluate_epoch(config: TrainConfig, data: Dataset, state: TrainingState) -> EpochMetrics:
    """Return the figures of an epoch whose steps are all taken.  Raises LedgerError if its ledger does not come out."""
    state.counts.check(state.epoch, len(data.training))
    mlp = config.mlp()
    correct = count_correct(mlp, mlp.rounded(state.model), data.test)
    return EpochMetrics(
        epoch=state.epoch,
        correct=correct,
        n_test=len(data.test),
        accuracy=correct / len(data.test),
        mini_batches=config.mini_batches_per_epoch(len(data.training)),
        samples=state.samples,
        seconds=round(state.seconds, 3),
        workers=state.counts.n_workers,
        weights_sha256=state.model.sha256,
        ledger=state.counts.to_json(),
    )


def best(epochs: list[EpochMetrics]) -> EpochMetrics:
    """Return the epoch with the highest accuracy, the earliest of equals."""
    return max(epochs, key=lambda metrics: (metrics.correct, -metrics.epoch))
