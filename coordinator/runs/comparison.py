"""How two runs differ: in what decides their bits, and in what came of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from coordinator.runs.run import RunFolder
from coordinator.runs.summary import chosen_epoch
from shared.config import TrainConfig
from shared.training.metrics import EpochMetrics

_DATA = ("path", "training_sha256", "validation_sha256", "test_sha256")
# By its name in metrics.jsonl each figure that is better the higher (1) or the lower (-1) it is, and its samples.
_JUDGED = {
    "validation_accuracy": (1, "validation_sha256"),
    "validation_r2": (1, "validation_sha256"),
    "validation_cost": (-1, "validation_sha256"),
    "accuracy": (1, "test_sha256"),
    "r2": (1, "test_sha256"),
    "cost": (-1, "test_sha256"),
}
_COSTS = ("validation_cost", "cost")

_Pair = tuple[EpochMetrics | None, EpochMetrics | None]


@dataclass(frozen=True)
class Comparison:
    """Two runs beside each other."""

    ids: tuple[str, str]
    differences: dict[str, tuple[Any, Any]]  # by the name of an option; what one has not is None
    epochs: list[_Pair]  # of the same number; None: not recorded
    chosen: _Pair  # the best of each, or its last if nothing is monitored
    comparable: Sequence[str]  # the figures, of `_JUDGED`, that are of the same samples, and costs of the same loss

    @property
    def first_other_weights(self) -> int | None:
        """The first epoch after which both have weights, and not the same; None if there is none."""
        both = ((a, b) for a, b in self.epochs if a is not None and b is not None)
        return next((a.epoch for a, b in both if a.weights_sha256 != b.weights_sha256), None)

    def best(self, pair: _Pair) -> dict[str, int | None]:
        """Return, for each figure that epochs of both have and that can be compared, which is better: 0 or 1.

        None: they are equal.
        """
        ours, theirs = pair
        if ours is None or theirs is None:
            return {}
        found: dict[str, int | None] = {}
        for figure in self.comparable:
            a, b = getattr(ours, figure), getattr(theirs, figure)
            if a is not None and b is not None:
                sign, _ = _JUDGED[figure]
                found[figure] = None if a == b else int(sign * b > sign * a)
        return found

    def to_json(self) -> dict[str, Any]:
        epochs = [[None if each is None else asdict(each) for each in pair] for pair in self.epochs]
        return {
            "runs": self.ids,
            "differences": self.differences,
            "epochs": epochs,
            "best_epochs": [each and each.epoch for each in self.chosen],
            "best": {"epochs": [self.best(pair) for pair in self.epochs], "best_epochs": self.best(self.chosen)},
        }


def compare(first: RunFolder, second: RunFolder) -> Comparison:
    """Put two runs beside each other."""
    ours, theirs = _settings(first), _settings(second)
    names = [*ours, *(name for name in theirs if name not in ours)]
    differences = {name: (ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name)}
    n_epochs = max(len(first.metrics), len(second.metrics))
    epochs = [(_epoch(first, number), _epoch(second, number)) for number in range(n_epochs)]
    chosen = chosen_epoch(first), chosen_epoch(second)
    return Comparison((first.id, second.id), differences, epochs, chosen, _comparable(first, second))


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


def _comparable(first: RunFolder, second: RunFolder) -> list[str]:
    """Return the figures of which a better one is better."""
    is_same_loss = first.config.loss == second.config.loss
    return [
        figure
        for figure, (_, samples) in _JUDGED.items()
        if first.data.get(samples) == second.data.get(samples) and (is_same_loss or figure not in _COSTS)
    ]


def _epoch(run: RunFolder, number: int) -> EpochMetrics | None:
    return run.metrics[number] if number < len(run.metrics) else None
