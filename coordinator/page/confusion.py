"""A confusion matrix as SVG: what is right in one colour, what is wrong in another, so that this stands out."""

from collections.abc import Sequence

from coordinator.page.cells import cell
from coordinator.page.findings import Findings
from coordinator.page.markup import Markup, element, joined
from shared.plain_text import shortened

_MOST_CLASSES = 30  # that a reader can still tell apart
_CELL, _EDGE, _LETTER = 36, 26, 6.6  # of the drawing: a class, room for the axes' names, a letter
_LONGEST = 14  # letters of a class's name
_LARGEST = 1.3  # times that size, in pixels
_STRONG = 0.7  # from which share on a cell is dark behind its number


def draw_confusion(found: Findings, names: Sequence[str]) -> Markup:
    """Return the matrix, or nothing for more classes than one can look at.  names: of the classes."""
    n_classes = len(names)
    if n_classes > _MOST_CLASSES:
        return Markup("")
    short = [shortened(name, _LONGEST) for name in names]
    longest = max(map(len, short))
    left, top = _EDGE + longest * _LETTER + 8, _EDGE + (20 if longest <= 3 else longest * _LETTER * 0.8 + 12)
    size = n_classes * _CELL
    width = left + size + (longest * _LETTER * 0.65 if longest > 3 else 4)
    aside = f"translate(14 {top + size / 2:.1f}) rotate(-90)"
    return element(
        "svg",
        element("title", "How many samples of each class are taken for which"),
        element("text", "taken for", x=left + size / 2, y=15, class_="axis middle"),
        element("text", "is", class_="axis middle", transform=aside),
        _heads(short, left, top, longest > 3),
        _cells(found, names, left, top),
        viewBox=f"0 0 {width:.0f} {top + size + 4:.0f}",
        role="img",
        class_="chart matrix",
        style=f"max-width:{_LARGEST * width:.0f}px",
    )


def _heads(names: Sequence[str], left: float, top: float, slanted: bool) -> Markup:
    parts = []
    for number, name in enumerate(names):
        middle = (number + 0.5) * _CELL
        parts.append(element("text", name, x=left - 8, y=top + middle + 4, class_="axis end"))
        x, y = left + middle, top - 8
        turn = f"rotate(-50 {x:.1f} {y:.1f})" if slanted else None
        parts.append(element("text", name, x=x, y=y, class_="axis" if slanted else "axis middle", transform=turn))
    return joined(parts)


def _cells(found: Findings, names: Sequence[str], left: float, top: float) -> Markup:
    """Return a cell for each pair of classes: how strong its colour is tells its share of a class, or of mistakes."""
    worst = max((each.n_samples for each in found.confusions), default=1)
    totals = found.counts.sum(1)
    parts = []
    for label, row in enumerate(found.counts.tolist()):
        for taken_for, count in enumerate(row):
            right = label == taken_for
            x, y = left + taken_for * _CELL, top + label * _CELL
            share = count / max(1, int(totals[label])) if right else count / worst
            what = f"{count} of {totals[label]} samples of {names[label]} are "
            what += "recognised" if right else f"taken for {names[taken_for]}"
            parts.append(cell(x, y, _CELL, "right" if right else "wrong", share, what))
            if count:
                strong = " strong" if share > _STRONG else ""
                parts.append(
                    element("text", count, x=x + _CELL / 2, y=y + _CELL / 2 + 4, class_=f"cell middle{strong}")
                )
    return joined(parts)
