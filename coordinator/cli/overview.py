"""What `gradmq runs` prints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coordinator.reporting.columns import columns
from coordinator.runs.comparison import Comparison
from coordinator.runs.summary import RunSummary
from coordinator.sweeps.results import figure
from coordinator.sweeps.summary import SweepSummary
from shared.plain_text import shortened
from shared.training.metrics import EpochMetrics

_LONGEST = 28  # letters of a path, of which the end tells most
_LONGEST_COMMAND = 500  # letters of a path that can be typed
_BETTER = "*"  # before the better figure of two


def runs_table(runs: Sequence[RunSummary]) -> str:
    """Return a table of runs."""
    heads = ("id", "data", "network", "epochs", "best", "test", "seconds", "workers", "state")
    return columns([heads, *map(_row, runs)], left=(0, 1, 2, 8))


def _row(run: RunSummary) -> tuple[str, ...]:
    best = "" if run.best is None else str(run.best)
    test = _right(run.test_accuracy, run.test_r2)
    epochs = "" if run.epochs_wanted is None else f"{run.epochs}/{run.epochs_wanted}"
    seconds = f"{run.seconds:.1f}" if run.epochs else ""
    workers = "" if run.workers is None else str(run.workers)
    return run.id, _ended(run.data or ""), run.network or "", epochs, best, test, seconds, workers, run.state


def sweeps_table(sweeps: Sequence[SweepSummary], runs: Path) -> str:
    """Return a table of sweeps, and how their runs are listed.  runs: the folder that they are in."""
    heads = ("sweep", "method", "trials", "best", "by", "score", "state")
    rows = [
        (
            *(sweep.id, sweep.method or ""),
            "" if sweep.trials_wanted is None else f"{sweep.trials}/{sweep.trials_wanted}",
            *("" if sweep.best is None else str(sweep.best), sweep.monitor or "", figure(sweep.score), sweep.state),
        )
        for sweep in sweeps
    ]
    which = sweeps[0].id if len(sweeps) == 1 else "SWEEP"
    where = shortened(str(runs / which), _LONGEST_COMMAND)
    return f"{columns([heads, *rows], left=(0, 1, 4, 6))}\ntheir runs: gradmq runs --runs {where}"


def _ended(path: str) -> str:
    """Return as much of the end of a path as there is room for."""
    return path if len(path) <= _LONGEST else f"…{path[-(_LONGEST - 1) :]}"


def removal_question(folders: Sequence[Path], nbytes: int) -> str:
    """Return what is to be removed."""
    names = ", ".join(str(folder) for folder in folders)
    which = f"{len(folders)} runs" if len(folders) > 1 else "run"
    return f"remove {which} {names} ({nbytes / 1e6:.1f} MB)?"


def comparison(found: Comparison) -> str:
    """Return how two runs differ."""
    differences = [(name, _text(ours), _text(theirs)) for name, (ours, theirs) in found.differences.items()]
    parts = [columns([("", *found.ids), *differences], left=(0, 1, 2)) if differences else _same(found)]
    if found.epochs:
        heads = ("epoch", *("validation", "cost", "test", "seconds") * 2, "weights")
        rows = [_pair(str(number), both, found.best(both)) for number, both in enumerate(found.epochs)]
        rows.append(_pair("best", found.chosen, found.best(found.chosen)))
        parts.append(columns([heads, *rows], left=(9,)))
        parts.append(_marks(found))
    return "\n\n".join(parts)


def _same(found: Comparison) -> str:
    return f"{found.ids[0]} and {found.ids[1]} have the same configuration and data"


def _marks(found: Comparison) -> str:
    """Return what the last row and its marks are."""
    ours, theirs = ("none" if each is None else str(each.epoch) for each in found.chosen)
    text = f"best: epoch {ours} of the first and {theirs} of the second"
    if not found.comparable:
        return f"{text}; their samples are others, and none is better"
    return f"{text}; {_BETTER}: better than the other"


def _pair(
    name: str, both: tuple[EpochMetrics | None, EpochMetrics | None], best: dict[str, int | None]
) -> tuple[str, ...]:
    """Return the row of two epochs.  best: which is better, by figure."""
    ours, theirs = both
    weights = ""
    if ours is not None and theirs is not None:
        weights = "same" if ours.weights_sha256 == theirs.weights_sha256 else "differ"
    return name, *_figures(ours, 0, best), *_figures(theirs, 1, best), weights


def _figures(metrics: EpochMetrics | None, side: int, best: dict[str, int | None]) -> tuple[str, ...]:
    """Return an epoch's cells.  side: 0 or 1, which of the two runs it is of."""
    if metrics is None:
        return "", "", "", ""

    def marked(text: str, *figures: str) -> str:
        return _BETTER + text if text and any(best.get(figure) == side for figure in figures) else text

    name = "cost" if metrics.validation_cost is None else "validation_cost"
    cost = getattr(metrics, name)
    return (
        marked(_right(metrics.validation_accuracy, metrics.validation_r2), "validation_accuracy", "validation_r2"),
        marked("" if cost is None else f"{cost:#.3g}", name),
        marked(_right(metrics.accuracy, metrics.r2), "accuracy", "r2"),
        f"{metrics.seconds:.1f}",
    )


def _right(accuracy: float | None, r2: float | None) -> str:
    """Return an accuracy, or R² where samples have no classes; nothing if neither was recorded."""
    if accuracy is not None:
        return f"{100 * accuracy:.2f} %"
    return "" if r2 is None else f"R² {r2:.4f}"


def _text(value: Any) -> str:
    """Return an option's value as a cell."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, dict):
        return ",".join(f"{name}={_text(each)}" for name, each in value.items())
    text = "none" if value in (None, "") else str(value)
    return f"{text[:12]}…" if len(text) == 64 else _ended(text)
