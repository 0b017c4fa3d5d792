"""The section about predicted numbers, where samples have no classes."""

import numpy as np

from coordinator.page.looked import Looked
from coordinator.page.markup import Markup, element
from coordinator.page.parts import figure, section, table
from coordinator.page.scales import Scale, around, tick_texts
from coordinator.page.text import plural, shortened
from shared.data.samples import VectorSamples
from shared.model import SavedModel
from shared.nn.arithmetic import one_thread, quiet
from shared.nn.evaluation import CHUNK
from shared.types import Array

_SIZE, _LEFT, _BOTTOM, _ROOM = 340, 58, 42, 12  # of the drawing, and around the points
_MOST_TARGETS, _MOST_POINTS, _MOST_ROWS = 6, 1500, 12


def outputs_of(model: SavedModel, samples: VectorSamples) -> Array:
    """Return a model's outputs for samples that fit it: (n_samples, n_outputs)."""
    found = np.empty((len(samples), model.parameters.sizes[-1]))
    with one_thread(), quiet():
        mlp = model.mlp()
        layers = mlp.rounded(model.parameters)
        for start in range(0, len(samples), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(samples)))
            found[rows] = mlp.forward(layers, samples.inputs(rows, mlp.inputs))[-1].T
    return found


def predictions_section(wanted: Array, predicted: Array, looked: Looked, model: str) -> Markup:
    """Return the section.

    wanted, predicted: (n_samples, n_targets) for the same samples.  looked: these.

    model: which one it is about, for people.
    """
    (n_samples, n_targets), names = wanted.shape, looked.names
    shown = range(min(n_targets, _MOST_TARGETS))
    lead = f"{plural(n_samples, f'{looked.part} sample')} by {model}: what is on the line is predicted without error."
    figures = [figure(_scatter(wanted[:, each], predicted[:, each], names[each]), title=names[each]) for each in shown]
    errors = np.abs(wanted - predicted)
    worst = np.argsort(-errors.max(1), kind="stable")[:_MOST_ROWS]
    rows = []
    for row in worst.tolist():
        target = int(errors[row].argmax())
        numbers = (wanted[row, target], predicted[row, target], errors[row, target])
        rows.append((looked.name(row), names[target], *(f"{number:.4g}" for number in numbers)))
    heads = (looked.head, "of", "wanted", "predicted", "error")
    most_wrong = element("div", element("h3", "The most wrong"), table(heads, rows))
    return section("mistakes", "What it gets wrong", lead, element("div", *figures, most_wrong, class_="pair"))


def _scatter(wanted: Array, predicted: Array, name: str) -> Markup:
    """Return a point for each sample; of very many, for as many of the first as can be drawn."""
    points = [*zip(wanted[:_MOST_POINTS].tolist(), predicted[:_MOST_POINTS].tolist(), strict=True)]
    low, high = around([number for point in points for number in point])
    across, up = Scale(low, high, _LEFT, _SIZE - _ROOM), Scale(low, high, _SIZE - _BOTTOM, _ROOM)
    left, foot = across(low), up(low)
    parts = []
    for number, text in tick_texts(low, high, 6):
        parts.append(element("line", x1=left, x2=across(high), y1=up(number), y2=up(number), class_="grid"))
        parts.append(element("text", text, x=left - 8, y=up(number) + 4, class_="axis end"))
        parts.append(element("text", text, x=across(number), y=foot + 17, class_="axis middle"))
    parts.append(element("line", x1=left, y1=foot, x2=across(high), y2=up(high), class_="ideal"))
    parts += [element("circle", cx=across(x), cy=up(y), r=2.5) for x, y in points]
    parts.append(element("text", "wanted", x=(left + across(high)) / 2, y=_SIZE - 6, class_="axis middle"))
    aside = f"translate(12 {(foot + _ROOM) / 2:.1f}) rotate(-90)"
    parts.append(element("text", "predicted", class_="axis middle", transform=aside))
    title = element("title", f"Wanted and predicted {shortened(name, 40)}")
    return element("svg", title, *parts, viewBox=f"0 0 {_SIZE} {_SIZE}", role="img", class_="chart scatter")
