"""What is chosen by the figures of a run's epochs.

All of it follows from the run's history: the monitored value of each finished epoch, signed so that higher is better.
So a run that goes on from a checkpoint, or that is recomputed, chooses the same.
"""

from collections.abc import Sequence

from shared.config import TrainConfig


def improves(history: Sequence[float], value: float) -> bool:
    """Tell whether a value is better than all before it."""
    return not history or value > max(history)


def best_epoch(history: Sequence[float]) -> int:
    """Return the number of the epoch with the highest value, the earliest of equals.  Raises ValueError for none."""
    return history.index(max(history))


def epochs_without_improvement(history: Sequence[float]) -> int:
    """Return how many epochs there were since the best."""
    return len(history) - 1 - best_epoch(history) if history else 0


def why_stopped(config: TrainConfig, history: Sequence[float]) -> str:
    """Return why a run with that history ends before its last epoch; nothing if it goes on."""
    patience = config.early_stopping
    if patience and epochs_without_improvement(history) >= patience:
        return f"no improvement in {patience} epoch{'s' if patience > 1 else ''}"
    if config.schedule.finished(history):
        return "the learning rate has been reduced to its limit"
    return ""


def is_finished(config: TrainConfig, n_epochs: int, history: Sequence[float]) -> bool:
    """Tell whether a run with so many finished epochs has come to its end."""
    return n_epochs >= config.epochs or bool(why_stopped(config, history))
