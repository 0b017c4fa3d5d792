"""The figures of an epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from coordinator.training.state import TrainingState
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.nn.evaluation import evaluate


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
    # None in files of GradMQ 0.1, which wrote none of these; a cost is a sample's in the mean.
    cost: float | None = None  # of the test samples
    validation_correct: int | None = None  # None, but for the number, where there are no validation samples
    n_validation: int | None = None
    validation_accuracy: float | None = None  # validation_correct / n_validation
    validation_cost: float | None = None
    training_correct: int | None = None  # by the weights that each step began with
    training_accuracy: float | None = None
    training_cost: float | None = None
    learning_rate: float | None = None  # of the epoch's last step


# What GradMQ 0.1 did not write.
FIGURES_SINCE_0_2 = tuple(field.name for field in fields(EpochMetrics) if field.default is None)


def evaluate_epoch(config: TrainConfig, data: Dataset, state: TrainingState) -> EpochMetrics:
    """Return the figures of an epoch whose steps are all taken.  Raises LedgerError if its ledger does not come out."""
    n_training = len(data.training)
    state.counts.check(state.epoch, n_training)
    mlp = config.mlp()
    layers = mlp.rounded(state.model)
    validation, test = evaluate(mlp, layers, data.validation), evaluate(mlp, layers, data.test)
    last_step = (state.epoch + 1) * config.sampler(n_training).steps_per_epoch - 1
    return EpochMetrics(
        epoch=state.epoch,
        correct=test.correct,
        n_test=test.samples,
        accuracy=test.accuracy,
        mini_batches=config.mini_batches_per_epoch(n_training),
        samples=state.samples,
        seconds=round(state.seconds, 3),
        workers=state.counts.n_workers,
        weights_sha256=state.model.sha256,
        ledger=state.counts.to_json(),
        cost=test.mean_cost,
        validation_correct=validation.correct if validation.samples else None,
        n_validation=validation.samples,
        validation_accuracy=validation.accuracy if validation.samples else None,
        validation_cost=validation.mean_cost if validation.samples else None,
        learning_rate=config.learning_rate_at(
            last_step, config.sampler(n_training).steps_per_epoch, config.schedule.reductions(state.history)
        ),
    )


def monitored_value(config: TrainConfig, metrics: EpochMetrics) -> float | None:
    """Return an epoch's value in the history; None if the run has none, because nothing is monitored."""
    monitor = config.monitored
    figure = None if monitor is None else getattr(metrics, monitor.figure)
    if monitor is None or figure is None:
        return None
    return monitor.sign * float(figure)


def history_of(config: TrainConfig, epochs: Sequence[EpochMetrics]) -> list[float]:
    """Return the history that epochs as they were recorded stand for."""
    values = (monitored_value(config, metrics) for metrics in epochs)
    return [value for value in values if value is not None]
