"""Turns: all that are compared measure once a round, so that all meet the same machine."""

import statistics
from collections.abc import Callable, Sequence

from benchmarks.tables import median, spread, table


def in_turn(rounds: int, measures: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Return what each measured, round by round."""
    columns: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            columns[name].append(measure())
    return columns


def ratio(values: Sequence[float], others: Sequence[float]) -> float:
    """Return the median of the ratios, round by round: they are worth more than the times."""
    return statistics.median(ours / theirs for ours, theirs in zip(values, others, strict=True))


def turns_table(what: str, columns: dict[str, list[float]], reference: str) -> str:
    """Return a line for each that took turns: median, spread, and the ratio to the reference."""
    return table(
        (what, "median", "min – max", f"× {reference}"),
        (
            (name, median(values), spread(values), f"{ratio(values, columns[reference]):.3f}")
            for name, values in columns.items()
        ),
    )
