"""The figures of a run that one looks for first."""

from coordinator.page import text
from coordinator.page.markup import Markup, element
from coordinator.reporting import lines
from coordinator.runs.run import RunFolder
from coordinator.runs.summary import FINISHED, chosen_epoch, state_of


def _figures(
    part: str, accuracy: float | None, correct: int | None, count: int | None, r2: float | None, cost: float | None
) -> list[tuple[str, object, object]]:
    """Return the tile of a part of the data; nothing if nothing was recorded of it."""
    told = "" if cost is None else f"cost {text.cost(cost)}"
    if accuracy is not None:
        return [(f"{part} accuracy", text.percent(accuracy), f"{correct} of {count} right")]
    if r2 is not None:
        return [(f"{part} R²", f"{r2:.4f}", told)]
    return [] if cost is None else [(f"{part} cost", text.cost(cost), f"of {count} samples")]


def tiles(run: RunFolder, workers: str) -> Markup:
    """Return the figures that one looks for first.  workers: that took part, as `participants.told`."""
    chosen, state = chosen_epoch(run), state_of(run)
    found: list[tuple[str, object, object]] = []
    if chosen is not None:
        found += _figures("test", chosen.accuracy, chosen.correct, chosen.n_test, chosen.r2, chosen.cost)
        validation = (chosen.validation_accuracy, chosen.validation_correct, chosen.n_validation)
        found += _figures("validation", *validation, chosen.validation_r2, chosen.validation_cost)
        monitor = run.config.monitored
        by = f"by {monitor.name}" if monitor and run.history else "nothing is monitored"
        found.append(("best epoch" if run.history else "last epoch", chosen.epoch, by))
    wanted = run.config.epochs
    early = state == FINISHED and len(run.metrics) < wanted
    how = (lines.early_end(run.config, run.metrics).partition(": ")[2] or state) if early else state
    found.append(("epochs", f"{len(run.metrics)} of {wanted}", how))
    seconds = sum(metrics.seconds for metrics in run.metrics)
    found.append(("training time", text.duration(seconds), workers or "in one process"))
    shown = [
        element("div", element("dt", name), element("dd", what, element("small", more))) for name, what, more in found
    ]
    return element("dl", *shown, class_="tiles")
