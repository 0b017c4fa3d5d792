"""A run's folder: its configuration, its metrics, its model and its checkpoints."""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from coordinator.accounting import EpochCounts
from coordinator.runs.atomic import sync_folder, write_whole
from coordinator.runs.checkpoint import Checkpoints, load_checkpoint
from coordinator.runs.model_file import load_model, save_model
from coordinator.training.state import State
from shared.config import TrainConfig
from shared.data.dataset import DEFAULT_DATA, Dataset
from shared.errors import ConfigError, RunError
from shared.nn.parameters import Parameters


class ReadOnlyError(RunError):
    """A run's folder cannot be written to."""


@dataclass(frozen=True)
class EpochMetrics:
    """What is recorded of an epoch: a line of metrics.jsonl."""

    epoch: int
    correct: int
    n_test: int
    accuracy: float  # correct / n_test
    steps: int
    samples: int  # that gradients were summed over
    seconds: float
    workers: int  # that gave replies; 0 for a run in one process
    weights_sha256: str
    ledger: dict[str, Any]  # an EpochCounts

    def __str__(self) -> str:
        """The seed's line."""
        return f"Epoch {self.epoch}: accuracy is {self.correct}/{self.n_test}"


class Run:
    """One training and its folder, `<runs>/<id>/`."""

    def __init__(self, folder: Path, config: TrainConfig, data: dict[str, str]) -> None:
        """data: where the samples are, and their digests."""
        self.id, self.folder = folder.name, folder
        self.config, self.data = config, data
        self.metrics: list[EpochMetrics] = []
        self.model = folder / "model.npz"
        self._config_file = folder / "config.json"
        self._metrics_file = folder / "metrics.jsonl"
        self._checkpoint_file = folder / "checkpoint.npz"
        self._checkpoints: Checkpoints | None = None
        self._locked: BinaryIO | None = None
        self.damaged_line = 0  # of metrics.jsonl, from 1; 0: none

    @classmethod
    def create(cls, runs: Path, config: TrainConfig, path: Path, data: Dataset) -> Self:
        """Create the folder and write config.json.  path: of the data.  Raises ConfigError if that can't be done."""
        folder = runs / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        run = cls(folder, config, {"path": str(path if path == DEFAULT_DATA else path.absolute()), **_digests(data)})
        text = json.dumps({**config.to_json(), "data": run.data}, indent=2) + "\n"
        try:
            folder.mkdir(parents=True)
            write_whole(run._config_file, lambda file: file.write(text.encode()))
            sync_folder(runs)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise ConfigError(
                f"--runs {runs} cannot be written: {error.strerror}; give a folder that you may write to"
            ) from None
        return run

    @classmethod
    def open(cls, name: str, runs: Path) -> Self:
        """Return the run of that id or in that folder.  Raises RunError if there is none, or it is damaged."""
        folder = next((path for path in (Path(name), runs / name) if (path / "config.json").is_file()), None)
        if folder is None:
            raise RunError(f"there is no run {name}; give its folder, or its id in --runs {runs}")
        path = folder / "config.json"
        try:
            fields = json.loads(path.read_bytes())
            data = {str(name): str(value) for name, value in fields.pop("data").items()}
            run = cls(folder.resolve(), TrainConfig.from_json(fields), data)
        except OSError as error:
            raise RunError(f"{path} cannot be read: {error.strerror or error}") from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, ConfigError) as error:
            raise RunError(f"{path} is damaged ({error}); a run cannot go on without it") from None
        run.metrics = run._read_metrics()
        return run

    def check_data(self, path: Path, data: Dataset) -> None:
        """Raise RunError unless these are the samples of this run."""
        if any(self.data.get(name) != digest for name, digest in _digests(data).items()):
            raise RunError(f"run {self.id} was trained on other samples than those in {path}; give its own as --data")
        self.config.check_data(len(data.training), data.training.n_inputs, data.training.n_classes)

    def lock(self) -> None:
        """Be the one coordinator of this run until this process ends.

        Raises RunError if there is another, ReadOnlyError if none can be.
        """
        try:
            self._locked = self._config_file.open("rb+")
        except OSError as error:
            raise ReadOnlyError(
                f"{self._config_file} cannot be written: {error.strerror}; who resumes must own it"
            ) from None
        try:
            fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(f"run {self.id} is driven by another coordinator; wait for its end, or stop it") from None
        self.metrics = self._read_metrics()  # now that nobody else writes them

    def state(self, steps_per_epoch: int) -> State:
        """Return where to go on: the newest checkpoint that is whole, or the beginning.

        Raises RunError if epochs are missing in the metrics, which no crash of ours can bring about.
        """
        state = load_checkpoint(self._checkpoint_file, self.config, steps_per_epoch, set_aside=self._locked is not None)
        if state is None:
            return State.initial(self.config)
        if len(self.metrics) < state.epoch:
            raise RunError(
                f"{self._metrics_file} is damaged in line {len(self.metrics) + 1} of {state.epoch}; restore it, or "
                f"remove {self._checkpoint_file.with_suffix('')}*.npz to begin again"
            )
        return state

    def begin(self, state: State) -> None:
        """Go on from there: what was recorded after it will come again, with the same figures."""
        for left in [*self.folder.glob(".*.npz.*"), *self.folder.glob(".metrics.jsonl.*")]:
            left.unlink()  # of a coordinator that was killed while it wrote
        del self.metrics[state.epoch :]
        if self._metrics_file.exists():
            text = "".join(map(_line, self.metrics))
            with self._writing(self._metrics_file):
                write_whole(self._metrics_file, lambda file: file.write(text.encode()))
        self._checkpoints = Checkpoints(self._checkpoint_file, self.config)

    def close(self) -> None:
        """Wait until all is on disk."""
        if self._checkpoints is not None:
            self._checkpoints.close()

    def after_step(self, state: State) -> None:
        """Take a checkpoint if it is time for one."""
        if self._checkpoints is not None and self._checkpoints.due:
            self._checkpoints.take(state)

    def after_epoch(self, metrics: EpochMetrics, state: State) -> None:
        """Save the model, add the epoch's line, and take a checkpoint, which so never knows of more than is there."""
        self.save(state.parameters)
        self.metrics.append(metrics)
        with self._writing(self._metrics_file), self._metrics_file.open("a") as file:
            file.write(_line(metrics))
            file.flush()
            os.fsync(file.fileno())
        self.checkpoint(state)

    def checkpoint(self, state: State) -> None:
        if self._checkpoints is not None:
            self._checkpoints.take(state)

    def save(self, parameters: Parameters) -> None:
        with self._writing(self.model):
            save_model(self.model, parameters)

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        """Raise RunError if the disk is full, or whatever else goes wrong: a run without records is of no use."""
        try:
            yield
        except OSError as error:
            then = f", then go on with: gradmq resume {self.folder}" if self.is_worth_keeping else ""
            raise RunError(
                f"{path} cannot be written: {error.strerror or error}; check disk and permissions{then}"
            ) from None

    def saved(self) -> Parameters:
        """Return the model.  Raises RunError if there is none, ModelError if it is damaged."""
        if self.model.exists():
            return load_model(self.model)
        n_epochs, kept = len(self.metrics), "a" if self.has_checkpoint else "no"
        recorded = f"{n_epochs} of {self.config.epochs} epochs are recorded"
        if self.damaged_line:
            recorded += f", line {self.damaged_line} of metrics.jsonl is no epoch's"
        what_next = f"there is {kept} checkpoint; go on with: gradmq resume {self.folder}"
        if n_epochs == self.config.epochs:
            what_next = (
                f"restore it, or compare the epochs alone with: gradmq verify --epochs 0..{n_epochs - 1} {self.folder}"
            )
        raise RunError(f"run {self.id} has no {self.model.name}: {recorded}; {what_next}")

    def discard(self, keep_logs: bool) -> None:
        """Remove the folder of a run that learned nothing, unless it has logs to keep."""
        if not (keep_logs and (self.folder / "logs").exists()):
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def is_worth_keeping(self) -> bool:
        """Whether anything was learned."""
        return self.model.exists() or self._checkpoint_file.exists()

    @property
    def has_checkpoint(self) -> bool:
        return self._checkpoint_file.exists()

    @property
    def data_path(self) -> Path:
        """Where the samples were when the run began."""
        return Path(self.data.get("path", DEFAULT_DATA))

    @property
    def counts_of_epochs(self) -> list[EpochCounts]:
        """The books of the epochs."""
        return [EpochCounts.from_json(metrics.ledger) for metrics in self.metrics]

    def _read_metrics(self) -> list[EpochMetrics]:
        """Return the epochs' lines, up to one that a crash may have torn.  Raises RunError if they can't be read."""
        found: list[EpochMetrics] = []
        try:
            text = self._metrics_file.read_text(errors="replace") if self._metrics_file.exists() else ""
        except OSError as error:
            raise RunError(f"{self._metrics_file} cannot be read: {error.strerror or error}") from None
        try:
            for line in text.splitlines():
                metrics = EpochMetrics(**json.loads(line))
                if type(metrics.correct) is not int or not 0 <= metrics.correct <= metrics.n_test:
                    break
                EpochCounts.from_json(metrics.ledger)
                if metrics.epoch != len(found):
                    break
                found.append(metrics)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            pass
        self.damaged_line = 0 if len(found) == len(text.splitlines()) else len(found) + 1
        return found


def best(metrics: list[EpochMetrics]) -> EpochMetrics:
    """Return the epoch with the highest accuracy, the earliest of equals."""
    return max(metrics, key=lambda epoch: (epoch.correct, -epoch.epoch))


def _line(metrics: EpochMetrics) -> str:
    return json.dumps(asdict(metrics)) + "\n"


def _digests(data: Dataset) -> dict[str, str]:
    return {f"{part}_sha256": getattr(data, part).sha256 for part in ("training", "test")}
