"""The figures of an epoch."""

from dataclasses import dataclass
from typing import Any

from coordinator.accounting import EpochCounts
from coordinator.gradients.base import GradientSource
from coordinator.training.state import TrainingState
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.parts import EVALUATED, Part
from shared.nn.evaluation import Score


@dataclass(frozen=True)
class EpochMetrics:
    """What is recorded of an epoch: a line of metrics.jsonl.

    Costs are the mean of a sample's. Older lines lack what has a default here.
    """

    epoch: int
    correct: int  # of the test samples
    n_test: int
    accuracy: float  # correct / n_test
    mini_batches: int
    samples: int  # that gradients were summed over
    seconds: float
    workers: int  # that gave replies; 0 for a run in one process
    weights_sha256: str
    ledger: dict[str, Any]  # EpochCounts as JSON
    cost: float | None = None  # of the test samples
    # None, but for the number, if there are no validation samples.
    validation_correct: int | None = None
    n_validation: int | None = None
    validation_accuracy: float | None = None
    validation_cost: float | None = None
    # Of each sample as it was when its step was computed. None if an older GradMQ has computed a part of the epoch.
    training_correct: int | None = None
    training_accuracy: float | None = None
    training_cost: float | None = None

    def __str__(self) -> str:
        """The notebook's line."""
        return f"Epoch {self.epoch}: accuracy is {self.correct}/{self.n_test}"


def evaluate_epoch(config: TrainConfig, data: Dataset, source: GradientSource, state: TrainingState) -> EpochMetrics:
    """Return the figures of an epoch whose steps are all taken.  Raises LedgerError if its ledger does not come out."""
    sampler, counts, scores = config.sampler(len(data.training)), EpochCounts(), dict[Part, Score]()
    counts.add(state.counts)
    for part in EVALUATED:
        samples = data.part(part)
        if len(samples):
            result = source.evaluate(state.parameters, sampler.evaluation(state.epoch, part, len(samples)))
            state.exclude(result.excluded)
            counts.add(result.counts)
            scores[part] = result.score
    counts.check(state.epoch, len(data.training), sum(score.samples for score in scores.values()))
    test, validation, training = scores[Part.TEST], scores.get(Part.VALIDATION), state.score.total
    running = training if training.samples == state.samples else None
    return EpochMetrics(
        epoch=state.epoch,
        correct=test.correct,
        n_test=test.samples,
        accuracy=test.accuracy,
        mini_batches=config.mini_batches_per_epoch(len(data.training)),
        samples=state.samples,
        seconds=round(state.seconds, 3),
        workers=counts.n_workers,
        weights_sha256=state.parameters.sha256,
        ledger=counts.to_json(),
        cost=test.mean_cost,
        validation_correct=validation and validation.correct,
        n_validation=len(data.validation),
        validation_accuracy=validation and validation.accuracy,
        validation_cost=validation and validation.mean_cost,
        training_correct=running and running.correct,
        training_accuracy=running and running.accuracy,
        training_cost=running and running.mean_cost,
    )


def best(epochs: list[EpochMetrics]) -> EpochMetrics:
    """Return the epoch with the highest accuracy, the earliest of equals."""
    return max(epochs, key=lambda metrics: (metrics.correct, -metrics.epoch))
