"""The figures of epochs as Python likes them: a list for each figure."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from shared.training.metrics import EpochMetrics

_LEFT_OUT = ("ledger",)


def figures_of(epochs: Iterable[EpochMetrics]) -> dict[str, list[Any]]:
    """Return a list for each figure, by its name in metrics.jsonl, an epoch after the other.

    Figures that no epoch has, as those of validation samples where there are none, are left out.
    """
    listed = list(epochs)
    names = [field.name for field in fields(EpochMetrics) if field.name not in _LEFT_OUT]
    columns = {name: [getattr(metrics, name) for metrics in listed] for name in names}
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}
