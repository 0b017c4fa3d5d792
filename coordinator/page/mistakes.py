"""The section about what a model gets wrong."""

from collections.abc import Sequence

from coordinator.page.confusion import draw_confusion
from coordinator.page.findings import Findings, Mistake
from coordinator.page.markup import Markup, element, joined
from coordinator.page.parts import figure, section, table
from coordinator.page.pictures import picture, sample_pixels
from coordinator.page.text import count, percent, plural
from shared.data.samples import LabelledSamples

MOST_MISTAKES = 24  # that are shown
_MOST_CONFUSIONS = 8


def mistakes_section(
    found: Findings, names: Sequence[str], samples: LabelledSamples, size: tuple[int, int] | None, model: str
) -> Markup:
    """Return the section.  names: of the classes.  samples: of the findings.  size: of their images, if they are some.

    model: which one it is about, for people.
    """
    lead = (
        f"{count(found.n_mistakes)} of {plural(found.n_samples, 'test sample')} are taken for another class than their "
        f"own by {model}."
    )
    matrix = draw_confusion(found, names)
    shown = figure(matrix, "How many samples of each class (row) are taken for which (column).") if matrix else ""
    lists = element("div", _confusions(found, names), _classes(found, names))
    parts: list[object] = [element("div", shown, lists, class_="pair")]
    if found.mistakes:
        parts += [element("h3", "The most wrong", style="margin-top:1.8rem"), _most_wrong(found, names, samples, size)]
    return section("mistakes", "What it gets wrong", lead, *parts)


def _confusions(found: Findings, names: Sequence[str]) -> Markup:
    rows = [(names[each.label], names[each.taken_for], each.n_samples) for each in found.confusions[:_MOST_CONFUSIONS]]
    if not rows:
        return element("p", "It confuses nothing.")
    return joined([element("h3", "Most often"), table(("is", "taken for", "samples"), rows, words=2)])


def _classes(found: Findings, names: Sequence[str]) -> Markup:
    """Return which classes are recognised least."""
    totals = found.counts.sum(1).tolist()
    known = [number for number, total in enumerate(totals) if total]
    worst = sorted(known, key=lambda number: (float(found.recall[number]), number))[:_MOST_CONFUSIONS]
    rows = [(names[number], percent(float(found.recall[number])), totals[number]) for number in worst]
    heading = element("h3", "Recognised least", style="margin-top:1.3rem")
    return joined([heading, table(("class", "recognised", "samples"), rows, words=1)])


def _most_wrong(
    found: Findings, names: Sequence[str], samples: LabelledSamples, size: tuple[int, int] | None
) -> Markup:
    if size is None:
        rows = [
            (each.row, names[each.label], f"{each.own:.3f}", names[each.taken_for], f"{each.strength:.3f}")
            for each in found.mistakes
        ]
        return table(("test sample", "is", "output", "taken for", "output"), rows)
    tiles = [_tile(each, names, samples, size) for each in found.mistakes]
    return element("div", *tiles, class_="samples")


def _tile(mistake: Mistake, names: Sequence[str], samples: LabelledSamples, size: tuple[int, int]) -> Markup:
    label, taken_for = names[mistake.label], names[mistake.taken_for]
    what = f"Test sample {mistake.row}: is {label}, taken for {taken_for}"
    caption = joined(
        [
            *("is ", element("b", label), f" ({mistake.own:.2f})", element("br")),
            *("not ", element("b", taken_for), f" ({mistake.strength:.2f})"),
        ]
    )
    return figure(picture(sample_pixels(samples.images[mistake.row], size), what), caption)
