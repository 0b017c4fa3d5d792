"""The section about what was learned: curves and a table of the epochs."""

from collections.abc import Callable
from typing import Any

from coordinator.page.curves import Curve, draw_curves
from coordinator.page.markup import Markup, element
from coordinator.page.parts import figure, folded, section, table
from coordinator.page.text import cost, percent, r2, seconds, short
from coordinator.runs.run import RunFolder
from shared.training.choice import best_epoch

_TITLES = {"cost": "Cost", "accuracy": "Accuracy", "r2": "R²"}
_CAPTIONS = {
    "cost": "Mean cost of a sample: of training samples as the steps met them, of the others after the epoch.",
    "accuracy": "Share of samples whose class is recognised.",
    "r2": "Which part of the targets' variation is predicted.",
}
_COLUMNS: dict[str, tuple[str, Callable[[Any], str]]] = {  # of the table, by the figure: its head, and its text
    "epoch": ("epoch", str),
    "training_cost": ("training cost", cost),
    "validation_cost": ("validation cost", cost),
    "cost": ("test cost", cost),
    "training_accuracy": ("training", percent),
    "validation_accuracy": ("validation", percent),
    "accuracy": ("test", percent),
    "validation_r2": ("validation R²", r2),
    "r2": ("test R²", r2),
    "learning_rate": ("learning rate", short),
    "seconds": ("seconds", seconds),
    "workers": ("workers", str),
}


def curves_of(run: RunFolder, what: str) -> list[Curve]:
    """Return the curves of a figure (cost, accuracy or r2) of the parts of the data that it was recorded of."""
    names = {"training": f"training_{what}", "validation": f"validation_{what}", "test": what}
    return [
        Curve(part, part, [getattr(metrics, field, None) for metrics in run.metrics]) for part, field in names.items()
    ]


def charts(run: RunFolder) -> dict[str, Markup]:
    """Return the curves of a run with epochs by what they show; those of which nothing was recorded are left out."""
    best = best_epoch(run.history) if run.history else None
    found = {}
    for what, text, shares in (("cost", cost, False), ("accuracy", _short_percent, True), ("r2", r2, False)):
        curves = curves_of(run, what)
        if any(curve.points for curve in curves):
            found[what] = draw_curves(f"{_TITLES[what]} after each epoch", curves, best, text, shares)
    return found


def learning_section(run: RunFolder) -> Markup:
    """Return the section of a run that has recorded epochs."""
    figures = [figure(chart, _CAPTIONS[what], _TITLES[what]) for what, chart in charts(run).items()]
    lead = "After each epoch. Test samples decide nothing: the best epoch is chosen without them."
    curves, epochs = element("div", *figures, class_="pair"), folded("All epochs", _table(run))
    return section("learning", "Learning", lead, curves, epochs)


def _table(run: RunFolder) -> Markup:
    """Return a row for each epoch, with a column for each figure that was recorded of one."""
    best = best_epoch(run.history) if run.history else None
    recorded = [name for name in _COLUMNS if any(getattr(each, name) is not None for each in run.metrics)]
    heads = [_COLUMNS[name][0] for name in recorded]
    rows = [[_cell(name, getattr(each, name)) for name in recorded] for each in run.metrics]
    return table(heads, rows, ["best" if each.epoch == best else "" for each in run.metrics])


def _cell(name: str, figure: Any) -> str:
    return "" if figure is None else _COLUMNS[name][1](figure)


def _short_percent(share: float) -> str:
    return f"{100 * share:.4g} %"
