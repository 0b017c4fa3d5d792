"""Figures, as people read them: tables in Markdown, and where they are written."""

import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, machine


def figure(value: float) -> str:
    """Return a time with three digits, and no more than three behind the point."""
    size = abs(value)
    return f"{value:.{3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0}f}"


def median(values: Sequence[float]) -> str:
    return figure(statistics.median(values))


def spread(values: Sequence[float]) -> str:
    """Return the least and the most."""
    return f"{figure(min(values))} – {figure(max(values))}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is words and whose others are figures."""
    lines = [list(map(str, row)) for row in (head, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = cells
        padded = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        return f"| {' | '.join([first.ljust(widths[0]), *padded])} |"

    rule = "|".join([f":{'-' * (widths[0] + 1)}", *(f"{'-' * (width + 1)}:" for width in widths[1:])])
    return "\n".join([line(lines[0]), f"|{rule}|", *map(line, lines[1:])]) + "\n"


def write(text: str, folder: Path | None, name: str, where: dict[str, Any] | None = None) -> None:
    """Write figures with what they belong to.

    folder: None: nowhere.  where: what `machine` returned; default: it is asked now.
    """
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"{describe(where or machine())}\n\n{text}")
    print(f"written to {folder / name}", file=sys.stderr)
