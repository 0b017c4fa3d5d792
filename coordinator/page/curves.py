"""Curves over the epochs, as SVG."""

from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple

from coordinator.page.markup import Markup, element, joined
from coordinator.page.scales import Scale, around, tick_texts, ticks

WIDTH, HEIGHT = 460, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 84, 20, 36  # of the drawing, around the curves
_LINE = 14  # from one name to the next
_FEW = 15  # epochs, of which each has its point


class Curve(NamedTuple):
    """One figure of every epoch; None where it was not recorded."""

    name: str
    kind: str  # a class of style.css, which says how it is drawn
    values: Sequence[float | None]

    @property
    def points(self) -> list[tuple[int, float]]:
        return [(epoch, value) for epoch, value in enumerate(self.values) if value is not None and isfinite(value)]


def draw_curves(
    title: str, curves: Sequence[Curve], best: int | None, text: Callable[[float], str], shares: bool
) -> Markup:
    """Return a chart.

    title: says what it shows to those who cannot see it.  best: the epoch to be marked.  text: of a figure.

    shares: whether the figures are some, which are named as percentages.
    """
    drawn = [curve for curve in curves if curve.points]
    n_epochs = max(len(curve.values) for curve in drawn)
    low, high = around([value for curve in drawn for _, value in curve.points])
    if low < 0 <= min(value for curve in drawn for _, value in curve.points):
        low = 0.0
    across = Scale(0, n_epochs - 1, _LEFT, WIDTH - _RIGHT)
    up = Scale(low, high, HEIGHT - _BOTTOM, _TOP)
    return element(
        "svg",
        element("title", title),
        _axes(across, up, n_epochs, shares),
        _best(across, best),
        *(_curve(curve, across, up) for curve in drawn),
        _names(drawn, up, text),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        class_="chart",
    )


def _axes(across: Scale, up: Scale, n_epochs: int, shares: bool) -> Markup:
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    parts = []
    for figure, text in tick_texts(up.low, up.high, 6, shares):
        y = up(figure)
        parts.append(element("line", x1=_LEFT, x2=right, y1=y, y2=y, class_="grid"))
        parts.append(element("text", text, x=_LEFT - 8, y=y + 4, class_="axis end"))
    for epoch in ticks(0, n_epochs - 1, 7, least=1)[0]:
        parts.append(element("text", f"{epoch:g}", x=across(epoch), y=bottom + 17, class_="axis middle"))
    parts.append(element("line", x1=_LEFT, x2=right, y1=bottom, y2=bottom, class_="base"))
    parts.append(element("text", "epoch", x=(_LEFT + right) / 2, y=HEIGHT - 3, class_="axis middle"))
    return joined(parts)


def _best(across: Scale, best: int | None) -> Markup:
    if best is None:
        return Markup("")
    x = across(best)
    return joined(
        [
            element("line", x1=x, x2=x, y1=_TOP - 4, y2=HEIGHT - _BOTTOM, class_="best"),
            element("text", "best", x=x, y=_TOP - 8, class_="axis middle"),
        ]
    )


def _curve(curve: Curve, across: Scale, up: Scale) -> Markup:
    places = [(across(epoch), up(value)) for epoch, value in curve.points]
    line = element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), class_=f"curve {curve.kind}")
    if len(places) > _FEW:
        return line
    return joined([line, *(element("circle", cx=x, cy=y, r=2.6, class_=f"point {curve.kind}") for x, y in places)])


def _names(curves: Sequence[Curve], up: Scale, text: Callable[[float], str]) -> Markup:
    """Return each curve's name and last figure, at its end if nothing else is there."""
    ordered = sorted(curves, key=lambda curve: up(curve.points[-1][1]))
    places = spread([up(curve.points[-1][1]) for curve in ordered], 2 * _LINE, _TOP, HEIGHT - _BOTTOM)
    x = WIDTH - _RIGHT + 10
    return joined(
        element(
            "text",
            element("tspan", curve.name, x=x, class_="name"),
            element("tspan", text(curve.points[-1][1]), x=x, dy=_LINE),
            y=y,
            class_=f"label {curve.kind}",
        )
        for curve, y in zip(ordered, places, strict=True)
    )


def spread(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Return places near these, which are in order, that are `least` apart and, if they fit, between low and high."""
    found: list[float] = []
    for place in places:
        found.append(max(place, low, found[-1] + least if found else low))
    limit = high
    for number in reversed(range(len(found))):
        found[number] = min(found[number], limit)
        limit = found[number] - least
    return found
