"""A sweep in a line: how it is searched, how far it is, what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coordinator.runs.summary import DAMAGED, FINISHED, RUNNING, STOPPED, folders_in, is_driven
from coordinator.sweeps.folder import DEFINITION, SweepFolder, is_sweep
from coordinator.sweeps.results import monitor_name
from shared.errors import ConfigError, RunError


@dataclass(frozen=True)
class SweepSummary:
    """What a list of sweeps says of one.  Of a damaged sweep, and where there is nothing to say yet, it is None."""

    id: str
    state: str  # as of a run
    method: str | None = None  # by which it is searched
    trials: int = 0  # that have come out
    trials_wanted: int | None = None
    best: int | None = None  # the number of the best trial
    monitor: str | None = None  # by which figure it is the best
    score: float | None = None  # that figure


def summary(sweep: SweepFolder) -> SweepSummary:
    """Return what there is to say of a sweep."""
    best, wanted = sweep.best_trial(), sweep.definition.n_trials
    state = FINISHED if len(sweep.trials) >= wanted else STOPPED
    return SweepSummary(
        id=sweep.id,
        state=RUNNING if is_driven(sweep.folder / DEFINITION) else state,
        method=sweep.definition.search.method,
        trials=len(sweep.trials),
        trials_wanted=wanted,
        best=None if best is None else best.trial,
        monitor=None if best is None else monitor_name(sweep),
        score=None if best is None else best.score,
    )


def summaries(runs: Path) -> Iterator[SweepSummary]:
    """Yield the sweeps in a folder, in the order of their ids; those that are damaged too.

    Raises RunError if the folder cannot be read; one that is not there has no sweeps.
    """
    for folder in folders_in(runs, is_sweep):
        try:
            yield summary(SweepFolder.open(str(folder), Path()))
        except (RunError, ConfigError):
            yield SweepSummary(folder.name, DAMAGED)
