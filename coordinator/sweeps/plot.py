"""A sweep as a picture: each trial's score by each option that varies, and how the best came about."""

import io
from importlib.util import find_spec
from typing import Any

from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.results import monitor_name, text
from coordinator.sweeps.space import Dimension, Range
from coordinator.sweeps.trials import PRUNED, Trial

_COLUMNS = 3
_SIZE = 3.6, 3.0  # inches of a panel
_FINISHED, _PRUNED, _BEST = "#1d4ed8", "#9aa4af", "#b45309"


def can_be_drawn() -> bool:
    """Tell whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw(sweep: SweepFolder) -> bytes:
    """Return the picture as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # without a display, and without pyplot's global state
    from matplotlib.figure import Figure

    trials = sorted((t for t in sweep.trials.values() if t.score is not None), key=lambda trial: trial.trial)
    space = sweep.definition.space
    n_panels = len(space) + 1
    n_columns = min(_COLUMNS, n_panels)
    n_rows = -(-n_panels // n_columns)
    figure = Figure((_SIZE[0] * n_columns, _SIZE[1] * n_rows), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
    _course(axes[0], sweep, trials)
    for axis, (name, dimension) in zip(axes[1:], space.items(), strict=False):
        _by_option(axis, name, dimension, sweep, trials)
    for axis in axes[n_panels:]:
        axis.set_visible(False)
    for number, axis in enumerate(axes):
        axis.grid(alpha=0.25)
        if number % n_columns == 0:
            axis.set_ylabel(monitor_name(sweep))
    figure.suptitle(sweep.id, fontsize=9, color="#59636e")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()


def _course(axis: Any, sweep: SweepFolder, trials: list[Trial]) -> None:
    """Draw the scores in the order of the trials, and the best so far."""
    _points(axis, sweep, trials, [trial.trial for trial in trials])
    best, line = None, []
    for trial in trials:
        score = sweep.sign * (trial.score or 0.0)
        if trial.state != PRUNED:
            best = score if best is None else max(best, score)
        line.append(None if best is None else sweep.sign * best)
    drawn = [(trial.trial, score) for trial, score in zip(trials, line, strict=True) if score is not None]
    axis.step(*zip(*drawn, strict=True), where="post", color=_BEST, linewidth=1.5, label="best so far")
    axis.set_xlabel("trial")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.legend(fontsize=7, loc="best")


def _by_option(axis: Any, name: str, dimension: Dimension, sweep: SweepFolder, trials: list[Trial]) -> None:
    """Draw the scores by an option: along a range, or beside each other for choices."""
    axis.set_xlabel(name)
    if isinstance(dimension, Range):
        _points(axis, sweep, trials, [trial.values[name] for trial in trials])
        if dimension.log:
            axis.set_xscale("log")
        elif dimension.whole:
            axis.xaxis.get_major_locator().set_params(integer=True)
        return
    values = list(dimension.values)
    _points(axis, sweep, trials, [values.index(trial.values[name]) for trial in trials])
    axis.set_xticks(range(len(values)), [text(value) for value in values], rotation=30 if len(values) > 4 else 0)
    axis.set_xlim(-0.5, len(values) - 0.5)


def _points(axis: Any, sweep: SweepFolder, trials: list[Trial], places: list[float]) -> None:
    best = sweep.best_trial()
    kinds = (
        ("finished", _FINISHED, "o", [t.state != PRUNED and t is not best for t in trials]),
        ("pruned", _PRUNED, "x", [t.state == PRUNED and t is not best for t in trials]),
        ("best", _BEST, "*", [t is best for t in trials]),
    )
    for label, colour, marker, chosen in kinds:
        found = [(x, t.score) for x, t, is_one in zip(places, trials, chosen, strict=True) if is_one]
        if found:
            size = 130 if marker == "*" else 26
            shown = label if label != "finished" else None
            axis.scatter(*zip(*found, strict=True), s=size, c=colour, marker=marker, alpha=0.85, label=shown, zorder=3)
