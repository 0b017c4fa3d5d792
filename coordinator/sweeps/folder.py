"""A sweep's folder: the file that says what it is, how it is searched, its trials, and the folders of their runs."""

import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Self

from coordinator.runs.atomic import append, sync_folder, write_whole
from coordinator.runs.locking import locked
from coordinator.runs.metrics_file import write_metrics
from coordinator.runs.model_file import save_model
from coordinator.runs.run import RunFolder, new_id
from coordinator.sweeps.definition import Definition, Search
from coordinator.sweeps.space import Values
from coordinator.sweeps.trials import LOST, MOST, STATES, Ended, Trial, WantedRun
from shared.errors import ConfigError, DataError, InUseError, RunError, UnwritableError
from shared.model import SavedModel
from shared.monitors import MONITORS
from shared.regular_files import read_regular
from shared.training.whole_run import Learned
from shared.typed import typed

_DAMAGES = (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)  # what reading ends in
_LARGEST = 2**30  # bytes of a file of a sweep

DEFINITION, SUMMARY, TRIALS = "sweep.toml", "sweep.json", "trials.jsonl"


@dataclass(frozen=True)
class UsedData:
    """What a data set was when the first trial read it."""

    values: Values  # of that trial, by which it was read
    samples: list[str]  # digests of its parts


class SweepFolder:
    """`<runs>/<id>/` of a sweep."""

    def __init__(self, folder: Path, definition: Definition) -> None:
        self.folder, self.definition = folder, definition
        self.monitor: str | None = None  # by what trials are compared, of `MONITORS`; None: no run has begun
        self.trials: dict[int, Trial] = {}  # that have come out, by number
        self.data: dict[str, UsedData] = {}  # by their paths
        self._lost: dict[int, Trial] = {}  # that are to be tried again
        self._is_new = False  # whether it was made by this process
        self._locked: BinaryIO | None = None
        self._read_trials()

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def best(self) -> Path:
        """The options of the best trial, for `train --config`."""
        return self.folder / "best.toml"

    @property
    def plot(self) -> Path:
        return self.folder / "scores.png"

    @classmethod
    def create(cls, runs: Path, definition: Definition, content: bytes) -> Self:
        """Create the folder.  content: of the file that the definition is from.  Raises UnwritableError."""
        folder = runs / f"sweep-{new_id()}"
        try:
            folder.mkdir(parents=True)
            write_whole(folder / DEFINITION, lambda file: file.write(content))
            sync_folder(runs)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            message = f"{runs} cannot be written: {error.strerror}; give a folder that you may write to"
            raise UnwritableError(message, error) from None
        sweep = cls(folder, definition)
        sweep._is_new = True
        sweep.write_summary({})
        return sweep

    @classmethod
    def open(cls, name: str, runs: Path) -> Self:
        """Return the sweep of that id or in that folder.  Raises RunError if there is none, or it is damaged."""
        folder = next((path for path in (Path(name), runs / name) if is_sweep(path)), None)
        if folder is None:
            raise RunError(f"there is no sweep {name}; give its folder, or its id in {runs}")
        try:
            definition = Definition.parse(read_regular(folder / DEFINITION, _LARGEST), str(folder / DEFINITION))
            summary = json.loads(read_regular(folder / SUMMARY, _LARGEST))
            sweep = cls(folder.resolve(), definition.with_search(Search.of(summary["search"])))
            monitor = summary.get("monitor")
            if monitor is not None:
                sweep.monitor = str(monitor)
                _ = MONITORS[sweep.monitor]
            sweep.data = typed(dict[str, UsedData], summary["data"], MOST)
            return sweep
        except OSError as error:
            raise RunError(f"{error.filename} cannot be read: {error.strerror or error}") from None
        except (ConfigError, DataError, *_DAMAGES) as error:
            raise RunError(f"{folder} is damaged ({error}); a sweep cannot go on without its files") from None

    @property
    def sign(self) -> int:
        """1: the higher a score, the better; -1: the lower."""
        monitor = MONITORS.get(self.monitor or "")
        return 1 if monitor is None else monitor.sign

    def compare_by(self, monitor: str) -> None:
        """Note by what trials are compared.  Raises UnwritableError."""
        self.monitor = monitor
        self.write_summary({})

    def note_data(self, path: str, used: UsedData) -> None:
        """Note what a data set is.  Raises UnwritableError."""
        self.data[path] = used
        self.write_summary({})

    def ranked(self) -> list[Trial]:
        """Return the trials, the best first: finished ones, then pruned ones, at last those without a score."""
        order = {state: place for place, state in enumerate(STATES)}
        return sorted(
            self.trials.values(), key=lambda trial: (order[trial.state], -self.sign * (trial.score or 0.0), trial.trial)
        )

    def best_trial(self) -> Trial | None:
        """Return the best trial; None if none has a score."""
        first = next(iter(self.ranked()), None)
        return None if first is None or first.score is None else first

    def discard(self, keep_logs: bool) -> None:
        """Remove the folder if this process has made it and nothing has come out, unless it has logs to keep."""
        if self._locked is None or not self._is_new:
            return
        if not self.trials and not [*self.folder.glob("trial-*")] and not (keep_logs and self.logs.exists()):
            shutil.rmtree(self.folder, ignore_errors=True)

    def lock(self) -> None:
        """Be the one coordinator of this sweep until `unlock`, or this process ends.

        Raises InUseError if there is another, UnwritableError if none can be.
        """
        path = self.folder / DEFINITION
        try:
            self._locked = locked(path)
        except BlockingIOError:
            message = f"sweep {self.id} is driven by another coordinator; wait for its end, or stop it"
            raise InUseError(message) from None
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}; who goes on with it must own it"
            raise UnwritableError(message, error) from None
        self._read_trials()  # now that nobody else writes them
        self._lost = {number: trial for number, trial in self.trials.items() if trial.state == LOST}
        for number in self._lost:
            del self.trials[number]
        for left in self.folder.glob(".trial-*"):
            shutil.rmtree(left, ignore_errors=True)  # of a coordinator that was killed while it wrote

    def unlock(self) -> None:
        """Let others drive this sweep."""
        if self._locked is not None:
            self._locked.close()
            self._locked = None

    def add(self, trial: Trial) -> None:
        """Write a trial down, so that it is there after a power failure.  Raises UnwritableError."""
        path = self.folder / TRIALS
        try:
            if self._lost.pop(trial.trial, None) is None:
                append(path, _line(trial))
            else:  # in the place of its line
                write_whole(path, _writing([*self._lost.values(), *self.trials.values(), trial]))
        except OSError as error:
            raise self._unwritable(path, error) from None
        self.trials[trial.trial] = trial

    def write_summary(self, more: dict[str, Any]) -> None:
        """Write what the sweep is and how far.  Raises UnwritableError."""
        states = [trial.state for trial in self.trials.values()]
        content = {
            "sweep": self.id,
            "search": self.definition.search.to_table(),
            "monitor": self.monitor,
            "n_trials": self.definition.n_trials,
            "data": {path: asdict(used) for path, used in self.data.items()},
            "states": {state: states.count(state) for state in sorted({*states})},
            **more,
        }
        path = self.folder / SUMMARY
        try:
            write_whole(path, lambda file: file.write((json.dumps(content, indent=2) + "\n").encode()))
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror or error}; check the disk"
            raise UnwritableError(message, error) from None

    def write_run(self, wanted: WantedRun, ended: Ended) -> None:
        """Write a run's folder: whole, or not at all.  Raises UnwritableError."""
        learned, prepared = ended.learned, wanted.prepared
        assert learned is not None and learned.model is not None
        name = f".{wanted.name}.{os.getpid()}"
        shutil.rmtree(self.folder / name, ignore_errors=True)
        run = RunFolder.create(
            self.folder, prepared.config, prepared.path, prepared.dataset(), name=name, place=ended.place
        )
        try:
            for path, parameters in ((run.model, learned.model), (run.best_model, learned.best)):
                if parameters is not None:
                    save_model(path, SavedModel.of(run.config, parameters, run.encoding))
            write_metrics(run.metrics_file, learned.epochs)
            final = self.folder / wanted.name
            shutil.rmtree(final, ignore_errors=True)
            run.folder.rename(final)
            sync_folder(self.folder)
        except OSError as error:
            shutil.rmtree(run.folder, ignore_errors=True)
            raise self._unwritable(self.folder, error) from None

    def _unwritable(self, path: Path, error: OSError) -> UnwritableError:
        then = f"check disk and permissions, then go on with: gradmq sweep --resume {self.folder}"
        return UnwritableError(f"{path} cannot be written: {error.strerror or error}; {then}", error)

    def written_run(self, wanted: WantedRun) -> Ended | None:
        """Return a run that was written before a crash; None if there is none, or it is of something else."""
        try:
            run = RunFolder.at(self.folder / wanted.name)
        except RunError:
            return None
        if run.config != wanted.prepared.config or not run.has_samples(wanted.prepared.dataset()):
            return None
        if not run.metrics or run.damaged_line:
            return None
        return Ended(wanted.name, Learned(run.metrics, is_pruned=not run.is_finished))

    def _read_trials(self) -> None:
        """Read the trials; lines that a crash has torn, or that are damaged, are taken off if the sweep is ours."""
        path = self.folder / TRIALS
        self.trials = {}
        try:
            content = read_regular(path, _LARGEST).decode(errors="replace") if path.exists() else ""
        except OSError as error:
            raise RunError(f"{path} cannot be read: {error.strerror or error}") from None
        lines = content.splitlines()
        for line in lines:
            try:
                trial = Trial.from_json(json.loads(line))
            except (ValueError, RecursionError):
                continue  # damaged, and so tried again
            self.trials.setdefault(trial.trial, trial)
        if self._locked is not None and (len(self.trials) < len(lines) or not content.endswith("\n")):
            write_whole(path, _writing(self.trials.values()))


def _line(trial: Trial) -> str:
    return json.dumps(trial.to_json()) + "\n"


def _writing(trials: Iterable[Trial]) -> Callable[[IO[bytes]], Any]:
    """Return what writes trials to a file."""
    content = "".join(map(_line, trials)).encode()
    return lambda file: file.write(content)


def is_sweep(path: Path) -> bool:
    """Tell whether that is a sweep's folder."""
    return (path / DEFINITION).is_file()
