"""A run's folder: its configuration, what it learned so far, and who may write there."""

import json
import secrets
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from coordinator.runs.atomic import sync_folder, write_whole
from coordinator.runs.checkpoint import kept_checkpoints, load_checkpoint
from coordinator.runs.locking import locked
from coordinator.runs.metrics_file import read_metrics
from coordinator.runs.model_file import load_model, save_model
from coordinator.runs.places import Place
from shared.accounting import EpochCounts
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, Dataset, load_dataset
from shared.data.encoding import IDENTITY, Encoding
from shared.data.options import PLAIN, DataOptions
from shared.data.parts import Part
from shared.data.sample_weights import read_weights
from shared.errors import ConfigError, InUseError, ModelError, RunError, UnwritableError
from shared.model import SavedModel
from shared.regular_files import read_regular
from shared.training.choice import is_finished
from shared.training.metrics import history_of
from shared.training.state import TrainingState
from shared.typed import typed

SAMPLE_WEIGHTS = "sample_weights.npy"
_LARGEST_CONFIG = 2**26  # bytes; it may have the categories of columns
_LOOKS = (
    0.01,
    0.05,
    0.0,
)  # seconds between looks at the lock: who asks whether a run is driven has it for a moment


class ReadOnlyError(UnwritableError):
    """A run's folder cannot be written to."""


class RunFolder:
    """One training and its folder, `<runs>/<id>/`."""

    def __init__(
        self,
        folder: Path,
        config: TrainConfig,
        data: dict[str, str],
        places: list[Place],
        data_options: DataOptions = PLAIN,
        encoding: Encoding = IDENTITY,
    ) -> None:
        """data: where the samples are, and their digests.  places: where it was computed, the last one last.

        data_options, encoding: how the samples were read, and what became of them.
        """
        self.id, self.folder = folder.name, folder
        self.data_options, self.encoding = data_options, encoding
        self.config, self.data, self.places = config, data, places
        self.model = folder / "model.npz"
        self.initial = folder / "initial.npz"  # of a run that begins with a model's weights: that model
        self.sample_weights = folder / SAMPLE_WEIGHTS  # of the training samples, if they have any
        self.best_model = folder / "best.npz"  # as of the best epoch; not there if nothing is monitored
        self.checkpoint = folder / "checkpoint.npz"
        self.metrics_file = folder / "metrics.jsonl"
        self.events_file = folder / "events.jsonl"
        self.config_file = folder / "config.json"
        self._locked: BinaryIO | None = None
        self._prolonged = False
        self._read_metrics()  # a damaged line's number is from 1; 0: there is none

    @classmethod
    def create(
        cls,
        runs: Path,
        config: TrainConfig,
        path: Path,
        data: Dataset,
        start: SavedModel | None = None,
        *,
        name: str = "",
        place: Place | None = None,
    ) -> Self:
        """Create the folder and write config.json.  Raises UnwritableError if that can't be done.

        path: of the data.  start: the model that the run begins with, if the configuration says so.
        name: of the folder; default: a new id.  place: where the run is computed; default: here.
        """
        folder = runs / (name or new_id())
        where = str(path if path == DEFAULT_DATA else path.absolute())
        given = {"path": where, **_digests(data)}
        run = cls(folder, config, given, [place or Place.here(config)], data.options, data.encoding)
        made = False
        try:
            folder.mkdir(parents=True)
            made = True
            if start is not None:
                save_model(run.initial, start)
            if (weights := data.training.weights) is not None:
                write_whole(run.sample_weights, lambda file: np.save(file, weights))
            run._write_config()
            sync_folder(runs)
        except OSError as error:
            if made:
                shutil.rmtree(folder, ignore_errors=True)
            message = f"{runs} cannot be written: {error.strerror}; give a folder that you may write to"
            raise UnwritableError(message, error) from None
        return run

    @classmethod
    def open(cls, name: str, runs: Path) -> Self:
        """Return the run of that id or in that folder.  Raises RunError if there is none, or it is damaged."""
        folder = next((path for path in (Path(name), runs / name) if (path / "config.json").is_file()), None)
        if folder is None:
            for path in (Path(name), runs / name):
                if (path / "sweep.json").is_file():
                    trial = min((each.parent.name for each in path.glob("trial-*/config.json")), default="trial-0000")
                    raise RunError(f"{name} is a sweep; give a run of it, as {name}/{trial}, or: gradmq sweep --resume")
            raise RunError(f"there is no run {name}; give its folder, or its id in {runs}")
        path = folder / "config.json"
        try:
            fields = json.loads(read_regular(path, _LARGEST_CONFIG))
            data = fields.pop("data")
            options = DataOptions.from_json(data.pop("options", {}))
            encoding = Encoding.from_json(data.pop("encoding", {}))
            data = typed(dict[str, str], data)
            computed_on = typed(list[dict[str, str]], fields.pop("computed_on", []))  # not there before 0.2
            places = list(map(Place.from_json, computed_on))
            run = cls(folder.resolve(), TrainConfig.from_json(fields), data, places, options, encoding)
        except OSError as error:
            raise RunError(f"{path} cannot be read: {error.strerror or error}") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, ConfigError) as error:
            raise RunError(f"{path} is damaged ({error}); a run cannot go on without it") from None
        return run

    def load_data(self, path: Path) -> Dataset:
        """Read the run's samples.  Raises DataError, or RunError if those that are there are others."""
        options = self.data_options.moved(self.data_path.absolute(), path.absolute())
        data = load_dataset(path, options, self.config.seed, self.encoding, self.config.sizes[-1])
        data = data.first(self.config.train_samples)
        if self.sample_weights.exists():
            data = data.weighted(read_weights(self.sample_weights))
        self._check_data(path, data)
        return data

    def _check_data(self, path: Path, data: Dataset) -> None:
        if not self.has_samples(data):
            raise RunError(f"run {self.id} was trained on other samples than those in {path}; give its own")
        self.config.check_data(len(data.training), data.training.n_inputs, data.training.n_outputs, data.has_classes)
        self.config.check_validation(len(data.validation))

    def has_samples(self, data: Dataset) -> bool:
        """Tell whether these are the run's own samples."""
        digests = _digests(data)
        own = {"validation_sha256": digests["validation_sha256"], **self.data}  # which GradMQ 0.1 did not keep
        return all(own.get(name) == digest for name, digest in digests.items())

    def goes_on_here(self) -> None:
        """Add this machine to those that the run was computed on.  Raises UnwritableError if that can't be."""
        here = Place.here(self.config)
        if here in self.places and not self._prolonged:
            return
        if here not in self.places:
            self.places.append(here)
        try:
            self._write_config()
        except OSError as error:
            message = f"{self.config_file} cannot be written: {error.strerror}; check the disk"
            raise UnwritableError(message, error) from None

    def ask_for_epochs(self, epochs: int, state: TrainingState) -> None:
        """Have the run end after another number of epochs than it was to; `goes_on_here` writes that down.

        state: how far it is.  Raises ConfigError if it would not be what it had been with so many from the beginning.
        """
        if epochs == self.config.epochs:
            return
        if epochs <= state.epoch:
            done = f"{state.epoch} that are done" + (" and the one that has begun" if state.step_index else "")
            raise ConfigError("epochs", epochs, f"must be more than the {done}")
        if self.config.depends_on_end:
            rule = f"must stay {self.config.epochs}, since the run's learning rates depend on when it ends"
            raise ConfigError("epochs", epochs, rule, f"to train its model further: gradmq train --from {self.folder}")
        self.config, self._prolonged = replace(self.config, epochs=epochs), True

    def lock(self) -> None:
        """Be the one coordinator of this run until `unlock`, or this process ends.

        Raises InUseError if there is another, ReadOnlyError if none can be.
        """
        for seconds in _LOOKS:
            try:
                self._locked = locked(self.config_file)
                break
            except BlockingIOError:
                time.sleep(seconds)
            except OSError as error:
                raise ReadOnlyError(
                    f"{self.config_file} cannot be written: {error.strerror}; who resumes must own it", error
                ) from None
        else:
            raise InUseError(f"run {self.id} is driven by another coordinator; wait for its end, or stop it")
        self._read_metrics()  # now that nobody else writes them

    def unlock(self) -> None:
        """Let others drive this run."""
        if self._locked is not None:
            self._locked.close()
            self._locked = None

    def state(self, steps_per_epoch: int) -> TrainingState:
        """Return where to go on: the newest checkpoint that is whole, or the beginning.

        Raises RunError if epochs are missing in the metrics, which no crash of ours can bring about.
        """
        state = load_checkpoint(self.checkpoint, self.config, steps_per_epoch, set_aside=self._locked is not None)
        if state is None:
            return self.initial_state()
        if len(self.metrics) < state.epoch and self._locked is None:
            self._read_metrics()  # a coordinator may have recorded more since they were read
        if len(self.metrics) < state.epoch:
            raise RunError(
                f"{self.metrics_file} is damaged in line {len(self.metrics) + 1} of {state.epoch}; restore it, or "
                f"remove {self.checkpoint.with_suffix('')}*.npz to begin again"
            )
        return state

    def initial_state(self) -> TrainingState:
        """Return the state before the first step.

        Raises RunError if the weights that the run began with are gone, or others.
        """
        if not self.config.start:
            return TrainingState.initial(self.config)
        try:
            start = load_model(self.initial).parameters
        except ModelError as error:
            raise RunError(f"run {self.id} has lost the weights that it began with: {error}") from None
        if start.sha256 != self.config.start:
            raise RunError(f"{self.initial} has other weights than those that the run began with; restore it")
        return TrainingState.initial(self.config, start)

    def saved(self) -> SavedModel:
        """Return the model.  Raises RunError if there is none, ModelError if it is damaged."""
        if self.model.exists():
            return load_model(self.model)
        raise self._has_no(self.model)

    def saved_best(self) -> SavedModel | None:
        """Return the model of a finished run's best epoch; None if nothing is monitored.  Raises as `saved` does."""
        if not self.history:
            return None
        if self.best_model.exists():
            return load_model(self.best_model)
        raise self._has_no(self.best_model)

    def _has_no(self, model: Path) -> RunError:
        """Return the error about a model that is missing, which says how far the run is."""
        n_epochs, kept = len(self.metrics), "a" if self.has_checkpoint else "no"
        recorded = f"{n_epochs} of {self.config.epochs} epochs are recorded"
        if self.damaged_line:
            recorded += f", line {self.damaged_line} of metrics.jsonl is no epoch's"
        what_next = f"there is {kept} checkpoint; go on with: gradmq resume {self.folder}"
        if self.is_finished:
            what_next = (
                f"restore it, or compare the epochs alone with: gradmq verify --epochs 0..{n_epochs - 1} {self.folder}"
            )
        return RunError(f"run {self.id} has no {model.name}: {recorded}; {what_next}")

    def discard(self, keep_logs: bool) -> None:
        """Remove the folder of a run that learned nothing, unless it has logs to keep, or is not locked by us."""
        if self._locked is not None and not (keep_logs and (self.folder / "logs").exists()):
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def history(self) -> list[float]:
        """What was monitored in each recorded epoch, see `shared.training.choice`."""
        return history_of(self.config, self.metrics)

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are recorded: as many as were wanted, or up to where the run was stopped early."""
        return is_finished(self.config, len(self.metrics), self.history)

    @property
    def is_worth_keeping(self) -> bool:
        """Whether anything was learned."""
        return self.model.exists() or self.has_checkpoint

    @property
    def has_checkpoint(self) -> bool:
        return any(path.exists() for path in kept_checkpoints(self.checkpoint))

    @property
    def data_path(self) -> Path:
        """Where the samples were when the run began."""
        return Path(self.data.get("path", DEFAULT_DATA))

    @property
    def ledger(self) -> list[EpochCounts]:
        """The epochs' counts."""
        return [EpochCounts.from_json(metrics.ledger) for metrics in self.metrics]

    def _write_config(self) -> None:
        fields = {
            **self.config.to_json(),
            "data": {**self.data, **self._reading()},
            "computed_on": [place.to_json() for place in self.places],
        }
        text = json.dumps(fields, indent=2) + "\n"
        write_whole(self.config_file, lambda file: file.write(text.encode()))

    def _reading(self) -> dict[str, Any]:
        """Return how the samples are read, if that is not plain."""
        options = self.data_options.to_json()
        return {
            **({"options": options} if options else {}),
            **({} if self.encoding == IDENTITY else {"encoding": self.encoding.to_json()}),
        }

    def _read_metrics(self) -> None:
        self.metrics, self.damaged_line = read_metrics(self.metrics_file)


def new_id() -> str:
    """Return an id that begins with the time."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


def _digests(data: Dataset) -> dict[str, str]:
    return {f"{part}_sha256": data.part(part).sha256 for part in Part}
