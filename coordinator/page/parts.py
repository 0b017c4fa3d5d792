"""What sections are made of: headings, tables, lists."""

from collections.abc import Iterable, Sequence

from coordinator.page.markup import Markup, element, joined


def section(name: str, title: str, lead: object, *contents: object) -> Markup:
    """Return a section.  name: by which links find it.  lead: what it shows, in a sentence."""
    heading = element("h2", title), element("p", lead, class_="lead")
    return element("section", *heading, *contents, id=name)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], marked: Sequence[str] = (), words: int = 0) -> Markup:
    """Return a table that can be scrolled where it is too wide.

    marked: the classes of the rows, "" for none.  words: how many of the columns, from the first, are no figures.
    """
    classes = [*("word" for _ in range(words)), *(None for _ in heads[words:])]
    head = joined(element("th", cell, class_=kind) for cell, kind in zip(heads, classes, strict=True))
    lines = [
        element(
            "tr",
            *(element("td", cell, class_=kind) for cell, kind in zip(row, classes, strict=True)),
            class_=(marked[number] if number < len(marked) else "") or None,
        )
        for number, row in enumerate(rows)
    ]
    whole = element("table", element("thead", element("tr", head)), element("tbody", *lines))
    return element("div", whole, class_="scroll")


def words(pairs: Iterable[tuple[object, object]]) -> Markup:
    """Return a table of two columns: a name, and what it stands for."""
    rows = [element("tr", element("th", name), element("td", what)) for name, what in pairs]
    return element("div", element("table", element("tbody", *rows), class_="words"), class_="scroll")


def folded(summary: str, *contents: object) -> Markup:
    """Return what is shown when somebody asks for it."""
    return element("details", element("summary", summary), *contents)


def figure(content: object, caption: object = "", title: str = "") -> Markup:
    heading = element("h3", title) if title else Markup("")
    return element("figure", heading, content, element("figcaption", caption) if caption else "")
