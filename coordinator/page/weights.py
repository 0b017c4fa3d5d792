"""The section about the weights of the first layer."""

from collections.abc import Sequence

import numpy as np

from coordinator.page.cells import cell
from coordinator.page.markup import Markup, element, joined
from coordinator.page.parts import figure, section
from coordinator.page.pictures import most_heard, picture, weight_pixels
from coordinator.page.text import shortened
from shared.model import SavedModel
from shared.types import Array

_MOST_NEURONS = 60  # that are shown
_MOST_INPUTS = 40  # of samples that are no images
_CELL, _LETTER, _LONGEST = 22, 6.6, 18


def weights_section(model: SavedModel, size: tuple[int, int] | None, inputs: Sequence[str]) -> Markup:
    """Return the section; nothing for inputs that are no image and too many for a table.

    size: height and width of the inputs, if they are images.  inputs: their names, if they have any.
    """
    first = model.parameters.weights[0]
    n_neurons, n_inputs = first.shape
    shown = shown_neurons(model)
    which = f"each of the {n_neurons} neurons"
    if len(shown) < n_neurons:
        which = f"the {len(shown)} of {n_neurons} neurons that the next layer listens to most"
    above, below = element("b", "orange"), element("b", "blue")
    signs = joined([above, " for inputs that excite a neuron, ", below, " for those that inhibit it"])
    lead = joined([f"What {which} of the first layer looks for: ", signs, ". Each has its own scale."])
    if size is not None:
        tiles = [
            element("div", picture(weight_pixels(first[neuron], size), f"weights of neuron {neuron}"))
            for neuron in shown
        ]
        return section("weights", "First layer", lead, element("div", *tiles, class_="neurons"))
    if n_inputs > _MOST_INPUTS:
        return Markup("")
    names = [*inputs] or [f"input {number}" for number in range(n_inputs)]
    drawing = _heat(first[shown], shown, names)
    return section("weights", "First layer", lead, element("div", figure(drawing), class_="wide"))


def shown_neurons(model: SavedModel) -> list[int]:
    """Return the neurons of the first layer whose weights are shown."""
    weights = model.parameters.weights
    if len(weights) == 1 or len(weights[0]) <= _MOST_NEURONS:
        return [*range(min(len(weights[0]), _MOST_NEURONS))]
    return most_heard(weights[1], _MOST_NEURONS)


def _heat(weights: Array, neurons: Sequence[int], names: Sequence[str]) -> Markup:
    """Return weights as cells: a row for each input, a column for each neuron."""
    short = [shortened(name, _LONGEST) for name in names]
    left, top = max(map(len, short)) * _LETTER + 10, 20
    width, height = left + len(neurons) * _CELL + 4, top + len(names) * _CELL + 4
    strongest = np.maximum(np.abs(weights).max(1), 1e-12)
    parts = [
        element("text", name, x=left - 8, y=top + (row + 0.65) * _CELL, class_="axis end")
        for row, name in enumerate(short)
    ]
    for column, neuron in enumerate(neurons):
        x = left + column * _CELL
        parts.append(element("text", neuron, x=x + _CELL / 2, y=13, class_="axis middle faint"))
        for row, name in enumerate(names):
            weight = float(weights[column, row])
            share, kind = abs(weight) / float(strongest[column]), "above" if weight > 0 else "below"
            what = f"{name} to neuron {neuron}: {weight:.3g}"
            parts.append(cell(x, top + row * _CELL, _CELL, kind, share, what))
    return element(
        "svg",
        element("title", "Weights of the first layer"),
        *parts,
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="img",
        class_="chart",
        style=f"width:{width:.0f}px;max-width:none",
    )
