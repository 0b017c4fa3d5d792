"""How two runs differ: in what decides their bits, and in what came of it."""

from dataclasses import asdict, dataclass
from typing import Any

from coordinator.runs.run import RunFolder
from shared.config import TrainConfig
from shared.training.metrics import EpochMetrics

_DATA = ("path", "training_sha256", "validation_sha256", "test_sha256")


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other."""

    ids: tuple[str, str]
    differences: dict[str, tuple[Any, Any]]  # by the name of an option; what one has not is None
    epochs: list[tuple[EpochMetrics | None, EpochMetrics | None]]  # of the same number; None: not recorded

    @property
    def first_other_weights(self) -> int | None:
        """The first epoch after which both have weights, and not the same; None if there is none."""
        both = ((a, b) for a, b in self.epochs if a is not None and b is not None)
        return next((a.epoch for a, b in both if a.weights_sha256 != b.weights_sha256), None)

    def to_json(self) -> dict[str, Any]:
        epochs = [[None if each is None else asdict(each) for each in pair] for pair in self.epochs]
        return {"runs": self.ids, "differences": self.differences, "epochs": epochs}


def compare(first: RunFolder, second: RunFolder) -> Comparison:
    """Put two runs beside each other."""
    ours, theirs = _settings(first), _settings(second)
    names = [*ours, *(name for name in theirs if name not in ours)]
    differences = {name: (ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name)}
    n_epochs = max(len(first.metrics), len(second.metrics))
    epochs = [(_epoch(first, number), _epoch(second, number)) for number in range(n_epochs)]
    return Comparison((first.id, second.id), differences, epochs)


def options_of(config: TrainConfig) -> dict[str, Any]:
    """Return options by their names, those of an optimizer and their like by two."""
    found: dict[str, Any] = {}
    for name, value in config.to_json().items():
        if isinstance(value, dict):
            found |= {name if key == "kind" else f"{name}.{key}": each for key, each in value.items()}
        else:
            found[name] = value
    return found


def _settings(run: RunFolder) -> dict[str, Any]:
    """Return a run's options, and its data."""
    data = {name: run.data.get(name) for name in _DATA} | run.data_options.to_json()
    return options_of(run.config) | {f"data.{name}": value for name, value in data.items()}


def _epoch(run: RunFolder, number: int) -> EpochMetrics | None:
    return run.metrics[number] if number < len(run.metrics) else None
