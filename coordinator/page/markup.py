"""HTML and SVG, made of elements. All text in it is escaped, wherever it comes from: only what was made here is not."""

import html
import re
from collections.abc import Iterable

_EMPTY = {"meta", "img", "br"}  # of HTML's elements, those without an end
_NEVER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")  # in no text of a page


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escaped(content: object) -> Markup:
    """Return what shows as this text; markup stays what it is."""
    if isinstance(content, Markup):
        return content
    text = str(content).encode("utf-8", "replace").decode()  # halves of surrogate pairs cannot be written
    return Markup(html.escape(_NEVER.sub("\ufffd", text)))


def joined(contents: Iterable[object], between: str = "") -> Markup:
    """Return them one after the other."""
    return Markup(between.join(map(escaped, contents)))


def element(tag: str, *contents: object, **attributes: object) -> Markup:
    """Return an element.

    attributes: `class_` is named so for Python's sake, `stroke_width` is stroke-width; those that are None are left
    out, and floats have two decimals.
    """
    named = "".join(f' {_name(name)}="{_value(value)}"' for name, value in attributes.items() if value is not None)
    if tag in _EMPTY:
        return Markup(f"<{tag}{named}/>")
    return Markup(f"<{tag}{named}>{joined(contents)}</{tag}>")


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else escaped(value)
