"""Square cells of a drawing, whose colour is as strong as a share."""

from coordinator.page.markup import Markup, element

_EDGE = 1.0  # around each


def cell(x: float, y: float, size: float, kind: str, share: float, what: str) -> Markup:
    """Return a cell.

    x, y: its corner.  size: with what is around it.  kind: a class of style.css.  share: 0 for a colour that can
    hardly be seen, 1 for a full one.  what: says what it stands for.
    """
    return element(
        "rect",
        element("title", what),
        x=x + _EDGE,
        y=y + _EDGE,
        width=size - 2 * _EDGE,
        height=size - 2 * _EDGE,
        rx=3,
        class_=kind,
        fill_opacity=0.04 + 0.84 * share,
    )
