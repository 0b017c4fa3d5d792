"""The figures of an epoch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from shared.accounting import EpochCounts
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.data.parts import EVALUATED, Part
from shared.data.samples import KnownSamples, VectorSamples
from shared.nn.score import Score
from shared.parallel.batches import total, weights_of
from shared.training.gradients import GradientSource
from shared.training.liars import check_liars
from shared.training.state import TrainingState


@dataclass(frozen=True)
class EpochMetrics:
    """What is recorded of an epoch: a line of metrics.jsonl.

    Costs are the mean of a sample's. Older lines lack what has a default here.
    """

    epoch: int
    correct: int  # of the test samples
    n_test: int
    accuracy: float | None  # correct / n_test; None where samples have no classes, or there are none to test on
    mini_batches: int
    samples: int  # that gradients were summed over
    seconds: float
    workers: int  # that gave replies; 0 for a run in one process
    weights_sha256: str
    ledger: dict[str, Any]  # EpochCounts as JSON
    # None in files of GradMQ 0.1, which wrote none of these; a cost is a sample's in the mean.
    cost: float | None = None  # of the test samples; None if there are none
    validation_correct: int | None = None  # None, but for the number, where there are no validation samples
    n_validation: int | None = None
    validation_accuracy: float | None = None  # validation_correct / n_validation
    validation_cost: float | None = None
    training_correct: int | None = None  # by the weights that each step began with
    training_accuracy: float | None = None
    training_cost: float | None = None
    learning_rate: float | None = None  # of the epoch's last step
    # Of numbers to be predicted, by the quadratic loss: 1 - squared errors / squared distances from their means.
    r2: float | None = None  # of the test samples
    validation_r2: float | None = None


# What GradMQ 0.1 did not write.
FIGURES_SINCE_0_2 = tuple(field.name for field in fields(EpochMetrics) if field.default is None)


def evaluate_epoch(config: TrainConfig, data: Dataset, source: GradientSource, state: TrainingState) -> EpochMetrics:
    """Return the figures of an epoch whose steps are all taken.

    Raises LedgerError if its ledger does not come out, LiarsNamedError if an audit named a liar.
    """
    sampler, counts, scores = config.sampler(len(data.training)), EpochCounts(), dict[Part, Score]()
    counts.add(state.counts)
    for part in EVALUATED:
        samples = data.part(part)
        if len(samples):
            result = check_liars(source.evaluate(state.model, sampler.evaluation(state.epoch, part, len(samples))))
            state.exclude(result.excluded)
            counts.add(result.counts)
            scores[part] = result.score
    counts.check(state.epoch, len(data.training), sum(score.samples for score in scores.values()))
    test, validation, training = scores.get(Part.TEST), scores.get(Part.VALIDATION), state.score.total
    running = training if training.samples == state.samples else None
    classes = data.has_classes
    last_update, reductions = (state.epoch + 1) * sampler.steps_per_epoch - 1, config.schedule.reductions(state.history)
    return EpochMetrics(
        epoch=state.epoch,
        correct=test.correct if test else 0,
        n_test=len(data.test),
        accuracy=test and test.accuracy if classes else None,
        mini_batches=config.mini_batches_per_epoch(len(data.training)),
        samples=state.samples,
        seconds=round(state.seconds, 3),
        workers=counts.n_workers,
        weights_sha256=state.model.sha256,
        ledger=counts.to_json(),
        cost=test and test.mean_cost,
        validation_correct=validation and validation.correct if classes else None,
        n_validation=len(data.validation),
        validation_accuracy=validation and validation.accuracy if classes else None,
        validation_cost=validation and validation.mean_cost,
        training_correct=running and running.correct if classes else None,
        training_accuracy=running and running.accuracy if classes else None,
        training_cost=running and running.cost / _total_weight(config, data.training),
        learning_rate=config.learning_rate_at(last_update, sampler.steps_per_epoch, reductions),
        r2=test and r2(config.loss, data.test, test),
        validation_r2=validation and r2(config.loss, data.validation, validation),
    )


def r2(loss: str, samples: KnownSamples, score: Score) -> float | None:
    """Return R², which is what part of the targets' variation is predicted; None if the cost does not tell."""
    if not isinstance(samples, VectorSamples) or loss != "quadratic" or not samples.variation:
        return None
    return 1 - score.cost / samples.variation


def mean_weight(config: TrainConfig, training: KnownSamples) -> float:
    """Return by what costs of training samples are multiplied in the mean: 1 where nothing weighs them."""
    return _total_weight(config, training) / len(training)


def _total_weight(config: TrainConfig, training: KnownSamples) -> float:
    """Return by what the sum of the training samples' costs is divided for their mean."""
    weights = weights_of(config, training)
    return len(training) if weights is None else total(weights)


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
