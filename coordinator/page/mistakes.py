"""The section about what a model gets wrong."""

from collections.abc import Sequence

from coordinator.page.confusion import draw_confusion
from coordinator.page.findings import Findings, Mistake
from coordinator.page.looked import Looked
from coordinator.page.markup import Markup, element, joined
from coordinator.page.parts import figure, section, table
from coordinator.page.pictures import picture, sample_pixels
from coordinator.page.text import count, percent, plural

MOST_MISTAKES = 24  # that are shown
_MOST_CONFUSIONS = 8


def mistakes_section(found: Findings, looked: Looked, model: str) -> Markup:
    """Return the section.  model: which one it is about, for people."""
    of = plural(found.n_samples, f"{looked.part} sample")
    lead = f"{count(found.n_mistakes)} of {of} are taken for another class than their own by {model}."
    matrix = draw_confusion(found, looked.names)
    shown = figure(matrix, "How many samples of each class (row) are taken for which (column).") if matrix else ""
    lists = element("div", _confusions(found, looked.names), _classes(found, looked.names))
    parts: list[object] = [element("div", shown, lists, class_="pair")]
    if found.mistakes:
        parts += [element("h3", "The most wrong", class_="later"), _most_wrong(found, looked)]
    return section("mistakes", "What it gets wrong", lead, *parts)


def _confusions(found: Findings, names: Sequence[str]) -> Markup:
    """Return which classes are taken for which most often."""
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
    heading = element("h3", "Recognised least", class_="later")
    return joined([heading, table(("class", "recognised", "samples"), rows, words=1)])


def _most_wrong(found: Findings, looked: Looked) -> Markup:
    """Return the samples that are most wrong: as images, or in a table."""
    names, size = looked.names, looked.size
    if size is not None:
        return element("div", *(_tile(each, looked, size) for each in found.mistakes), class_="samples")
    rows = [
        (looked.name(each.row), names[each.label], f"{each.own:.3f}", names[each.taken_for], f"{each.strength:.3f}")
        for each in found.mistakes
    ]
    return table((looked.head, "is", "output", "taken for", "output"), rows)


def _tile(mistake: Mistake, looked: Looked, size: tuple[int, int]) -> Markup:
    label, taken_for = looked.names[mistake.label], looked.names[mistake.taken_for]
    place, short = looked.place(mistake.row), looked.short_name(mistake.row)
    what = f"{place}: is {label}, taken for {taken_for}"
    caption = joined(
        [
            *("is ", element("b", label), f" ({mistake.own:.2f})", element("br")),
            *("not ", element("b", taken_for), f" ({mistake.strength:.2f})"),
            element("small", short, title=place) if short else "",
        ]
    )
    return figure(picture(sample_pixels(looked.samples.values[mistake.row], size), what), caption)
