"""A run's folder: its configuration, its metrics and its model."""

import json
import os
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from coordinator.model import save_model
from shared.config import TrainConfig
from shared.dataset import Dataset
from shared.errors import ConfigError
from shared.parameters import Parameters


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

    def __str__(self) -> str:
        """The seed's line."""
        return f"Epoch {self.epoch}: accuracy is {self.correct}/{self.n_test}"


class Run:
    """One training and its folder, `<runs>/<id>/`."""

    def __init__(self, runs: Path, config: TrainConfig, data: Dataset) -> None:
        """Create the folder and write config.json.  Raises ConfigError if that can't be done."""
        self.id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        self.folder = runs / self.id
        self.metrics: list[EpochMetrics] = []
        digests = {f"{part}_sha256": getattr(data, part).sha256 for part in ("training", "test")}
        try:
            self.folder.mkdir(parents=True)
            self._write("config.json", json.dumps({**config.to_json(), "data": digests}, indent=2) + "\n", "x")
        except OSError as error:
            raise ConfigError(
                f"--runs {runs} cannot be written: {error.strerror}; give a folder that you may write to"
            ) from None

    @property
    def model(self) -> Path:
        return self.folder / "model.npz"

    def record(self, metrics: EpochMetrics, parameters: Parameters) -> None:
        """Add the epoch's line, and save the model as it is now."""
        self.metrics.append(metrics)
        self.save(parameters)
        self._write("metrics.jsonl", json.dumps(asdict(metrics)) + "\n", "a")

    def discard(self, keep_logs: bool) -> None:
        """Remove the folder of a run that learned nothing, unless it has logs to keep."""
        if not (keep_logs and (self.folder / "logs").exists()):
            shutil.rmtree(self.folder, ignore_errors=True)

    def save(self, parameters: Parameters) -> None:
        save_model(self.model, parameters)

    def _write(self, name: str, text: str, mode: str) -> None:
        with (self.folder / name).open(mode) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def best(metrics: list[EpochMetrics]) -> EpochMetrics:
    """Return the epoch with the highest accuracy, the earliest of equals."""
    return max(metrics, key=lambda epoch: (epoch.correct, -epoch.epoch))
