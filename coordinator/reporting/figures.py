"""The figures of an epoch by the names under which programs that draw them group what belongs together."""

from dataclasses import asdict

from shared.training.metrics import EpochMetrics

_PARTS = ("training", "validation")  # what has neither in its name is of the test samples
_MEASURES = ("accuracy", "cost", "r2")
_OTHERS = ("learning_rate", "seconds", "workers")


def figures(metrics: EpochMetrics) -> dict[str, float]:
    """Return the epoch's figures, of those that it has: `accuracy/validation`, `cost/training`, `seconds`, …"""
    found = {}
    for name, value in asdict(metrics).items():
        part, _, measure = name.rpartition("_")
        if value is not None and measure in _MEASURES and part in ("", *_PARTS):
            found[f"{measure}/{part or 'test'}"] = float(value)
        elif value is not None and name in _OTHERS:
            found[name] = float(value)
    return found
