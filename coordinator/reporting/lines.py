"""What a person reads of epochs, and of which is the best: a line after each, two at the end, a table of both."""

from collections.abc import Sequence

from coordinator.reporting.columns import columns
from coordinator.training.choice import best_epoch, why_stopped
from coordinator.training.metrics import EpochMetrics, history_of
from shared.config import TrainConfig


def epoch(config: TrainConfig, metrics: EpochMetrics) -> str:
    """Return an epoch's line: the notebook's own for a job that the notebook could do.

    For any other, nobody looks at the test samples before the end.
    """
    figures = "; ".join(filter(None, (validation(metrics), training(metrics))))
    if config.is_the_notebooks or not figures:
        return f"Epoch {metrics.epoch}: accuracy is {metrics.correct}/{metrics.n_test}"
    return f"Epoch {metrics.epoch}: {figures}"


def validation(metrics: EpochMetrics) -> str:
    """Return the figures of the validation samples; nothing if there are none."""
    if metrics.validation_cost is None:
        return ""
    return f"validation {metrics.validation_correct}/{metrics.n_validation}, cost {_cost(metrics.validation_cost)}"


def training(metrics: EpochMetrics) -> str:
    """Return the figures of the epoch's own passes over the training samples; nothing if they were not kept."""
    if metrics.training_accuracy is None or metrics.training_cost is None:
        return ""
    return f"training {100 * metrics.training_accuracy:.2f} %, cost {_cost(metrics.training_cost)}"


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
    return f"{name}: test accuracy {found.correct}/{found.n_test}; last weights_sha256 {epochs[-1].weights_sha256}"


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
    of_validation = f"{metrics.validation_correct}/{metrics.n_validation}" if metrics.n_validation else ""
    accuracy = metrics.training_accuracy
    return (
        *(str(metrics.epoch), name, of_validation, _cost(metrics.validation_cost)),
        *("" if accuracy is None else f"{100 * accuracy:.2f} %", _cost(metrics.training_cost)),
        *(f"{metrics.correct}/{metrics.n_test}", _cost(metrics.cost), f"{metrics.seconds:.1f}", str(metrics.workers)),
    )


def _monitored(config: TrainConfig, metrics: EpochMetrics) -> str:
    """Return the figure by which epochs are compared."""
    monitor = config.monitored
    if monitor is None or monitor.figure == "validation_accuracy":
        return f"{metrics.validation_correct}/{metrics.n_validation}"
    return _cost(getattr(metrics, monitor.figure))


def _cost(cost: float | None) -> str:
    return "" if cost is None else f"{cost:#.3g}"
