"""Text in a page is escaped, wherever it comes from."""

import xml.etree.ElementTree as ElementTree

from hypothesis import given
from hypothesis import strategies as st

from coordinator.page.markup import Markup, element, escaped, joined


def test_text_is_escaped_and_markup_is_not():
    assert element("p", "<b>&", Markup("<br/>")) == "<p>&lt;b&gt;&amp;<br/></p>"
    assert joined(["<", element("i", 1)], between=", ") == "&lt;, <i>1</i>"


def test_attributes_are_escaped_and_named_as_in_html():
    made = element("rect", x=1 / 3, y=2.0, class_='"><script>', stroke_width=2, title=None)
    assert made == '<rect x="0.33" y="2" class="&quot;&gt;&lt;script&gt;" stroke-width="2"></rect>'
    assert element("img", alt="'") == '<img alt="&#x27;"/>'


@given(st.text(st.characters(codec=None, exclude_categories=())), st.text())
def test_whatever_a_text_is_the_page_is_well_formed_and_can_be_written(text, title):
    made = element("p", text, element("br"), title=title)
    (line,) = ElementTree.fromstring(made.encode())
    assert line.tag == "br"
    assert "<" not in escaped(text)
