"""What is in a data set, for people: its columns, its parts, its classes."""

from collections.abc import Sequence

import numpy as np

from shared.data.columns import Categorical, Numeric
from shared.data.dataset import Dataset
from shared.data.parts import Part
from shared.data.samples import LabelledSamples
from shared.data.tables import Table

_MOST = 12  # classes or categories in a table
_LEFT = 2  # columns of a table that are words


def of_table(table: Table) -> str:
    """Return the columns of a table: what their values are, and how many are missing."""
    rows: list[Sequence[str]] = [("column", "values", "least", "mean", "most", "missing")]
    for number, (name, column) in enumerate(zip(table.names, table.columns, strict=True)):
        if column.dtype.kind == "V":
            rows.append((name, "neither numbers nor texts", "", "", "", ""))
        elif table.has_numbers(number):
            column = table.numbers(number)
            present = column[np.isfinite(column)]
            figures = [present.min(), present.mean(), present.max()] if len(present) else []
            rows.append(
                (name, "numbers", *(f"{each:.4g}" for each in figures or ["", "", ""]), _missing(column != column))
            )
        else:
            texts = np.unique(column[column != ""])
            rows.append((name, f"{len(texts)} different texts", "", "", "", _missing(column == "")))
    return _aligned(rows)


def of_dataset(data: Dataset) -> str:
    """Return what a network gets of a data set, and the parts with their classes or targets."""
    training = data.training
    kind = "bytes" if training.values.dtype == np.uint8 else "numbers"
    size = "" if data.image_size is None else f", images of {data.image_size[0]} x {data.image_size[1]} pixels"
    what = f"{training.n_outputs} classes" if data.has_classes else _targets(data)
    lines = [f"{training.n_inputs} inputs ({kind}{size}), {what}"]
    if data.encoding.columns:
        lines.append(_aligned([("input", "from", "", "", ""), *map(_column, data.encoding.columns)]))
    lines.append(_parts(data))
    return "\n".join(lines)


def _targets(data: Dataset) -> str:
    targets = data.encoding.targets
    if data.encoding.has_labels:
        return f"{len(targets)} labels: {', '.join(target.name for target in targets)}"
    return "to be predicted: " + ", ".join(
        f"{t.name} (mean {t.mean:.4g}, deviation {t.deviation:.4g})" for t in targets
    )


def _column(column: Numeric | Categorical) -> tuple[str, ...]:
    missing = "" if column.missing is None else f"missing: {column.missing}"
    if isinstance(column, Numeric):
        return column.name, "numbers", f"mean {column.mean:.4g}", f"deviation {column.deviation:.4g}", missing
    more = ", …" if len(column.categories) > _MOST else ""
    return column.name, f"{len(column.categories)} texts", ", ".join(column.categories[:_MOST]) + more, "", missing


def _parts(data: Dataset) -> str:
    names = _class_names(data)
    rows: list[Sequence[str]] = [("part", "", "samples", *names)]
    for part in Part:
        samples = data.part(part)
        counts: list[str] = []
        if names and isinstance(samples, LabelledSamples):
            counts = [str(count) for count in np.bincount(samples.labels, minlength=samples.n_classes)]
        rows.append((str(part), "", str(len(samples)), *counts))
    return _aligned(rows)


def _class_names(data: Dataset) -> list[str]:
    """Return the names of classes, if there are few."""
    if not data.has_classes or data.training.n_outputs > _MOST:
        return []
    return [str(name) for name in data.encoding.classes or range(data.training.n_outputs)]


def _missing(found: np.ndarray[tuple[int, ...], np.dtype[np.bool]]) -> str:
    return str(int(found.sum())) if found.any() else ""


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table, words on the left, figures on the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if number < _LEFT else f"{cell:>{width}}"
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
