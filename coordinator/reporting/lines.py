"""What a person reads of epochs, and of which is the best: a line after each, two at the end, a table of both."""

from collections.abc import Sequence

from coordinator.reporting.columns import columns
from shared.config import TrainConfig
from shared.nn.score import Score
from shared.training.choice import best_epoch, why_stopped
from shared.training.metrics import EpochMetrics, history_of


def epoch(config: TrainConfig, metrics: EpochMetrics) -> str:
    """Return an epoch's line: the notebook's own for a job that the notebook could do.

    For any other, nobody looks at the test samples before the end.
    """
    figures = "; ".join(filter(None, (validation(metrics), training(metrics))))
    if (config.is_the_notebooks or not figures) and metrics.accuracy is not None:
        return f"Epoch {metrics.epoch}: accuracy is {metrics.correct}/{metrics.n_test}"
    return f"Epoch {metrics.epoch}: {figures}"


def validation(metrics: EpochMetrics) -> str:
    """Return the figures of the validation samples; nothing if there are none."""
    if metrics.validation_cost is None:
        return ""
    right = _right(metrics.validation_correct, metrics.n_validation, metrics.validation_r2)
    return f"validation {right}cost {_cost(metrics.validation_cost)}"


def training(metrics: EpochMetrics) -> str:
    """Return the figures of the epoch's own passes over the training samples; nothing if they were not kept."""
    if metrics.training_cost is None:
        return ""
    return learned(metrics.training_accuracy, metrics.training_cost)


def learned(accuracy: float | None, cost: float) -> str:
    """Return figures of training samples.  accuracy: a share, if they have classes.  cost: a sample's in the mean."""
    right = "" if accuracy is None else f"{100 * accuracy:.2f} %, "
    return f"training {right}cost {_cost(cost)}"


def test(metrics: EpochMetrics) -> str:
    """Return the figures of the test samples; nothing if there are none."""
    if not metrics.n_test:
        return ""
    if metrics.accuracy is not None:
        return f"test accuracy {metrics.correct}/{metrics.n_test}"
    return f"test {_right(None, None, metrics.r2)}cost {_cost(metrics.cost)}"


def evaluation(score: Score, r2: float | None, which: str = "") -> str:
    """Return how good a model is where samples have no classes.  which: the model's file."""
    return f"{_right(None, None, r2)}cost is {_cost(score.mean_cost)} a sample, of {score.samples} samples{which}"


def duration(seconds: float) -> str:
    """Return a time as people say it, with its two largest units: 8 s, 5 min 20 s, 3 h 5 min, 2 d 1 h."""
    left, parts = round(seconds), list[str]()
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0 ")) or "0 s"


def early_end(config: TrainConfig, epochs: Sequence[EpochMetrics]) -> str:
    """Return why a finished run has fewer epochs than were wanted; nothing if it has not."""
    if len(epochs) == config.epochs:
        return ""
    return f"stopped after epoch {epochs[-1].epoch}: {why_stopped(config, history_of(config, epochs))}"


def choice(config: TrainConfig, epochs: Sequence[EpochMetrics]) -> str:
    """Return which epoch of a finished run is the best, by what, and what it is worth on the test samples."""
    found = _best(config, epochs)
    name = f"last epoch {found.epoch} (nothing is monitored)"
    if (monitor := config.monitored) and history_of(config, epochs):
        name = f"best epoch {found.epoch} by {monitor.name} ({_monitored(config, found)})"
    figures = test(found)
    return f"{name}{figures and f': {figures}'}; last weights_sha256 {epochs[-1].weights_sha256}"


def table(config: TrainConfig, epochs: Sequence[EpochMetrics]) -> str:
    """Return a table of the epochs so far, the best and the last named so."""
    heads = ("epoch", "", "validation", "cost", "training", "cost", "test", "cost", "seconds", "workers")
    best = _best(config, epochs).epoch if history_of(config, epochs) else None
    rows = [heads, *(_row(metrics, _names(metrics, best, len(epochs))) for metrics in epochs)]
    return columns(rows, left=(1,))


def _names(metrics: EpochMetrics, best: int | None, n_epochs: int) -> str:
    names = "best" if metrics.epoch == best else "", "last" if metrics.epoch == n_epochs - 1 else ""
    return ", ".join(filter(None, names))


def _best(config: TrainConfig, epochs: Sequence[EpochMetrics]) -> EpochMetrics:
    history = history_of(config, epochs)
    return epochs[best_epoch(history)] if history else epochs[-1]


def _row(metrics: EpochMetrics, name: str) -> tuple[str, ...]:
    accuracy = metrics.training_accuracy
    return (
        *(str(metrics.epoch), name),
        *(
            _share(metrics.validation_correct, metrics.n_validation, metrics.validation_r2),
            _cost(metrics.validation_cost),
        ),
        *("" if accuracy is None else f"{100 * accuracy:.2f} %", _cost(metrics.training_cost)),
        *(
            _share(None if metrics.accuracy is None else metrics.correct, metrics.n_test, metrics.r2),
            _cost(metrics.cost),
        ),
        *(f"{metrics.seconds:.1f}", str(metrics.workers)),
    )


def _monitored(config: TrainConfig, metrics: EpochMetrics) -> str:
    """Return the figure by which epochs are compared."""
    monitor = config.monitored
    if monitor is None or monitor.figure == "validation_accuracy":
        return f"{metrics.validation_correct}/{metrics.n_validation}"
    return _cost(getattr(metrics, monitor.figure))


def _share(correct: int | None, count: int | None, r2: float | None) -> str:
    """Return how many are right of how many, or R² of samples that have no classes; nothing if it was not recorded."""
    if count and correct is not None:
        return f"{correct}/{count}"
    return "" if r2 is None else f"R² {r2:.4f}"


def _right(correct: int | None, count: int | None, r2: float | None) -> str:
    """Return what is told before a cost: how many are right, or R²."""
    if correct is not None:
        return f"{correct}/{count}, "
    return "" if r2 is None else f"R² {r2:.4f}, "


def _cost(cost: float | None) -> str:
    return "" if cost is None else f"{cost:#.3g}"
