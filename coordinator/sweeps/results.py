"""What came of a sweep: a table for people, and the best trial's options as a file."""

from collections.abc import Mapping
from typing import Any

from coordinator.reporting.columns import columns
from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.toml import lines
from coordinator.sweeps.trials import LOST, Trial
from shared.monitors import MONITORS

_MOST_ROWS = 20
_MOST_REASONS = 5


def table(sweep: SweepFolder) -> str:
    """Return the trials, the best first."""
    ranked, names = sweep.ranked(), [*sweep.definition.space]
    came_out = [trial for trial in ranked if trial.score is not None]
    heads = ("trial", *names, monitor_name(sweep), "epochs", "seconds", "state")
    rows = [_row(trial, names) for trial in came_out[:_MOST_ROWS]]
    parts = [columns([heads, *rows], left=(*range(1, len(names) + 1), len(heads) - 1))] if rows else []
    if len(came_out) > _MOST_ROWS:
        parts.append(f"… and {len(came_out) - _MOST_ROWS} more in {sweep.folder / 'trials.jsonl'}")
    others = ranked[len(came_out) :]
    parts += [line(sweep, trial) for trial in others[:_MOST_REASONS]]
    if len(others) > _MOST_REASONS:
        parts.append(f"… and {len(others) - _MOST_REASONS} more without a score")
    if any(trial.state == LOST for trial in others):
        parts.append(f"what was lost is tried again by: gradmq sweep --resume {sweep.folder}")
    return "\n".join(parts)


def _row(trial: Trial, names: list[str]) -> tuple[str, ...]:
    epochs = "+".join(map(str, trial.epochs))
    values = [text(trial.values[name]) for name in names]
    return str(trial.trial), *values, figure(trial.score), epochs, f"{trial.seconds:.1f}", trial.state


def line(sweep: SweepFolder, trial: Trial) -> str:
    """Return a trial's line, when it has come out."""
    if trial.score is None:
        what = "was lost" if trial.state == LOST else "failed"
        return f"trial {trial.trial} {what} ({shown(trial.values)}): {trial.reason}"
    counted = "+".join(map(str, trial.epochs))
    end = f"{counted} epoch{'' if counted == '1' else 's'}, {trial.seconds:.1f} s"
    pruned = ", pruned" if trial.state == "pruned" else ""
    return f"trial {trial.trial}: {monitor_name(sweep)} {figure(trial.score)} ({shown(trial.values)}; {end}{pruned})"


def monitor_name(sweep: SweepFolder) -> str:
    """Return for people by what trials are compared."""
    monitor = MONITORS.get(sweep.monitor or "")
    return "score" if monitor is None else monitor.name


def figure(score: float | None) -> str:
    return "" if score is None else f"{score:#.5g}"


def shown(values: Mapping[str, Any]) -> str:
    """Return values of options for people."""
    return ", ".join(f"{name} {text(value)}" for name, value in values.items())


def text(value: Any) -> str:
    """Return a value as it would be typed."""
    if isinstance(value, list):
        return ",".join(map(text, value))
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def options_file(sweep: SweepFolder, trial: Trial, options: Mapping[str, Any]) -> str:
    """Return options of `train` as a TOML.  options: by their names, as a TOML has them."""
    head = (
        f"# The best of {sweep.id}: trial {trial.trial}, {monitor_name(sweep)} {figure(trial.score)}.\n"
        f"# Train it again, to the same bits: gradmq train --config {sweep.best.name}\n"
    )
    if sweep.definition.search.folds:
        head = head.replace("Train it again, to the same bits", "Train it on all training samples")
    return head + lines(options)
