"""Tables as text."""

from collections.abc import Sequence

from shared.plain_text import shortened

_LONGEST = 80  # characters of a cell: names come from files, and the longest makes a whole column as wide


def columns(rows: Sequence[Sequence[str]], left: Sequence[int] = ()) -> str:
    """Return rows, the heads first, as lines whose cells stand below each other.

    left: the columns that are words, and begin at the left; others are figures.
    """
    rows = [[shortened(cell, _LONGEST) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if number in left else f"{cell:>{width}}"
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
