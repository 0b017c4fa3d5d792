"""A run in a line: what it is, how far it is, what came of it."""

import fcntl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coordinator.runs.lookup import is_run
from coordinator.runs.run import RunFolder
from shared.errors import RunError
from shared.training.choice import best_epoch
from shared.training.metrics import EpochMetrics

FINISHED, RUNNING, STOPPED, DAMAGED = "finished", "running", "stopped", "damaged"


@dataclass(frozen=True)
class RunSummary:
    """What a list of runs says of one.  Of a damaged run, and where there is nothing to say yet, it is None."""

    id: str
    state: str  # one of the four above
    data: str | None = None  # where the samples were
    network: str | None = None  # layers, and what their neurons do
    epochs: int = 0  # that are recorded
    epochs_wanted: int | None = None
    best: int | None = None  # the number of the best epoch; None if nothing is monitored
    monitor: str | None = None  # by which figure it is the best
    best_value: float | None = None  # that figure
    test_accuracy: float | None = None  # after the best epoch, or else the last
    test_r2: float | None = None  # where samples have no classes
    test_cost: float | None = None
    seconds: float = 0.0  # of training, all epochs together
    workers: int | None = None  # that gave replies, in the epoch with the most; 0: none, it was one process
    weights_sha256: str | None = None  # after the last recorded epoch


def chosen_epoch(run: RunFolder) -> EpochMetrics | None:
    """Return the best epoch of those that are recorded, the last if nothing is monitored; None if there is none."""
    if not run.metrics:
        return None
    return run.metrics[best_epoch(run.history) if run.history else -1]


def state_of(run: RunFolder) -> str:
    """Return whether a run is finished, driven by a coordinator now, or stopped."""
    if is_driven(run.config_file):
        return RUNNING
    return FINISHED if run.is_finished else STOPPED


def summary(run: RunFolder) -> RunSummary:
    """Return what there is to say of a run."""
    chosen, monitor = chosen_epoch(run), run.config.monitored
    monitored = monitor is not None and bool(run.history)
    return RunSummary(
        id=run.id,
        state=state_of(run),
        data=str(run.data_path),
        network=run.config.neurons,
        epochs=len(run.metrics),
        epochs_wanted=run.config.epochs,
        best=chosen.epoch if chosen and monitored else None,
        monitor=monitor.name if monitor and monitored else None,
        best_value=getattr(chosen, monitor.figure) if chosen and monitor and monitored else None,
        test_accuracy=chosen.accuracy if chosen else None,
        test_r2=chosen.r2 if chosen else None,
        test_cost=chosen.cost if chosen else None,
        seconds=round(sum(metrics.seconds for metrics in run.metrics), 3),
        workers=max((metrics.workers for metrics in run.metrics), default=None),
        weights_sha256=run.metrics[-1].weights_sha256 if run.metrics else None,
    )


def summaries(runs: Path) -> Iterator[RunSummary]:
    """Yield the runs in a folder, in the order of their ids; those that are damaged too.

    Raises RunError if the folder cannot be read; one that is not there has no runs.
    """
    for folder in folders_in(runs, is_run):
        try:
            yield summary(RunFolder.open(str(folder), Path()))
        except RunError:
            yield RunSummary(folder.name, DAMAGED)


def folders_in(runs: Path, is_wanted: Callable[[Path], bool]) -> list[Path]:
    """Return the folders of that kind in a folder, by name.

    Raises RunError if it cannot be read; one that is not there has none.
    """
    try:
        return sorted(path for path in runs.iterdir() if is_wanted(path)) if runs.exists() else []
    except OSError as error:
        raise RunError(f"{runs} cannot be read: {error.strerror or error}; give the folder of the runs") from None


def is_driven(file: Path) -> bool:
    """Tell whether a coordinator drives the run, or the sweep, that it would lock this file of."""
    try:
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    return False
