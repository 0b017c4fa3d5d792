"""Which run to go on with: the newest that is unfinished, or the newest of some settings."""

from collections.abc import Iterator
from pathlib import Path

from coordinator.runs.comparison import options_of
from coordinator.runs.lookup import is_run
from coordinator.runs.run import RunFolder
from coordinator.runs.summary import STOPPED, state_of
from shared.config import TrainConfig
from shared.data.dataset import Dataset
from shared.errors import RunError

_SHOWN = 4  # differences that a line names


def newest_unfinished(runs: Path) -> RunFolder | None:
    """Return the newest run that was stopped or has crashed; None if each is finished, damaged or driven right now."""
    return next((run for run in _newest_first(runs) if state_of(run) == STOPPED), None)


def newest_of(runs: Path, config: TrainConfig, data: Dataset) -> RunFolder | None:
    """Return the newest run of these settings on these samples, finished or not; None if there is none."""
    return next((run for run in _newest_first(runs) if run.config == config and run.has_samples(data)), None)


def differences(run: RunFolder, config: TrainConfig, data: Dataset) -> str:
    """Return in which settings a run is another than one of these would be, as a line can show them."""
    its, others = options_of(run.config), options_of(config)
    found = [f"{name} {value}" for name, value in its.items() if others.get(name) != value]
    found += [f"no {name}" for name in others if name not in its]
    found += [] if run.has_samples(data) else ["other samples"]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _newest_first(runs: Path) -> Iterator[RunFolder]:
    """Yield the runs in a folder that are not damaged.  Raises RunError if the folder cannot be read."""
    try:
        folders = sorted((path for path in runs.iterdir() if is_run(path)), reverse=True) if runs.exists() else []
    except OSError as error:
        raise RunError(f"{runs} cannot be read: {error.strerror or error}; give the folder of the runs") from None
    for folder in folders:
        try:
            yield RunFolder.open(str(folder), Path())
        except RunError:
            continue
