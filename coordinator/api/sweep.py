"""`gradmq.Sweep`: many runs that were trained to find which options are best, from Python."""

from pathlib import Path
from typing import Any

from coordinator.api.runs import Run
from coordinator.runs.lookup import DEFAULT_RUNS
from coordinator.sweeps.folder import SweepFolder
from coordinator.sweeps.results import table
from shared.errors import RunError


class Sweep:
    """A sweep and its folder, as it was when it was opened."""

    def __init__(self, path: str | Path, *, runs: str | Path = DEFAULT_RUNS) -> None:
        """path: its folder, or its id in the folder `runs`.  Raises RunError."""
        self._folder = SweepFolder.open(str(path), Path(runs))

    @property
    def id(self) -> str:
        return self._folder.id

    @property
    def folder(self) -> Path:
        return self._folder.folder

    @property
    def trials(self) -> list[dict[str, Any]]:
        """What is recorded of each trial, in their order: `pandas.DataFrame(sweep.trials)` is a table."""
        return [trial.to_json() for _, trial in sorted(self._folder.trials.items())]

    @property
    def best(self) -> dict[str, Any]:
        """What is recorded of the best trial, like `best["values"]`.  Raises RunError if none has a score."""
        found = self._folder.best_trial()
        if found is None:
            raise RunError(f"no trial of {self.id} has a score yet")
        return found.to_json()

    @property
    def best_run(self) -> Run:
        """The best trial's run; of folds the first.  Raises RunError."""
        return Run(self.best["runs"][0], runs=self.folder)

    def __repr__(self) -> str:
        return f"{self.id}\n{table(self._folder)}"
