"""The section about what was learned: curves and a table of the epochs."""

from collections.abc import Sequence
from typing import Any

from coordinator.page.curves import Curve, draw_curves
from coordinator.page.markup import Markup, element
from coordinator.page.parts import figure, folded, section, table
from coordinator.page.text import cost, duration, percent
from coordinator.runs.run import Run
from coordinator.training.choice import best_epoch

_TITLES = {"cost": "Cost", "accuracy": "Accuracy", "r2": "R²"}
_CAPTIONS = {
    "cost": "Mean cost of a sample: of training samples as the steps met them, of the others after the epoch.",
    "accuracy": "Share of samples whose class is recognised.",
    "r2": "Which part of the targets' variation is predicted.",
}
_HEADS = (
    *("epoch", "training cost", "validation cost", "test cost", "training", "validation", "test"),
    *("learning rate", "seconds", "workers"),
)


def curves_of(run: Run, what: str) -> list[Curve]:
    """Return the curves of a figure (cost, accuracy or r2) of the parts of the data that it was recorded of."""
    names = {"training": f"training_{what}", "validation": f"validation_{what}", "test": what}
    return [
        Curve(part, part, [getattr(metrics, field, None) for metrics in run.metrics]) for part, field in names.items()
    ]


def charts(run: Run) -> dict[str, Markup]:
    """Return the curves of a run with epochs by what they show; those of which nothing was recorded are left out."""
    best = best_epoch(run.history) if run.history else None
    found = {}
    for what, text, shares in (("cost", cost, False), ("accuracy", _short_percent, True), ("r2", _r2, False)):
        curves = curves_of(run, what)
        if any(curve.points for curve in curves):
            found[what] = draw_curves(f"{_TITLES[what]} after each epoch", curves, best, text, shares)
    return found


def learning_section(run: Run) -> Markup:
    """Return the section of a run that has recorded epochs."""
    figures = [figure(chart, _CAPTIONS[what], _TITLES[what]) for what, chart in charts(run).items()]
    lead = "After each epoch. Test samples decide nothing: the best epoch is chosen without them."
    curves, epochs = element("div", *figures, class_="pair"), folded("All epochs", _table(run))
    return section("learning", "Learning", lead, curves, epochs)


def _table(run: Run) -> Markup:
    best = best_epoch(run.history) if run.history else None
    rows: list[Sequence[Any]] = []
    for each in run.metrics:
        costs = (each.training_cost, each.validation_cost, each.cost)
        shares = (each.training_accuracy, each.validation_accuracy, each.accuracy)
        rows.append(
            (
                each.epoch,
                *("" if figure is None else cost(figure) for figure in costs),
                *("" if share is None else percent(share) for share in shares),
                "" if each.learning_rate is None else f"{each.learning_rate:g}",
                *(duration(each.seconds), each.workers),
            )
        )
    return table(_HEADS, rows, ["best" if each.epoch == best else "" for each in run.metrics])


def _r2(figure: float) -> str:
    return f"{figure:.4f}"


def _short_percent(share: float) -> str:
    return f"{100 * share:.4g} %"
