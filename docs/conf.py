"""The documentation as a site: `make docs` builds it into build/docs, without a network."""

from importlib import metadata

import click

project = "GradMQ"
author = "GradMQ contributors"
copyright = author  # noqa: A001 - Sphinx's name
version = release = metadata.version("gradmq")

extensions = ["myst_nb", "sphinx_click"]
exclude_patterns = ["examples/README.md"]  # whose links are for those who see the folder
nb_execution_mode = "off"  # the notebooks in examples/ have their outputs, and tests execute them
nb_ipywidgets_js = {}  # which would come from elsewhere
myst_heading_anchors = 3  # so that a page's sections can be linked to as on a forge
nitpicky = True
smartquotes_action = "qe"  # quotes and ellipses, but an option keeps its two dashes

html_theme = "furo"
html_title = f"GradMQ {release}"
html_static_path = ["_static"]
html_css_files = ["gradmq.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"


def setup(app):
    """Have the options of a command in the sections that its help has."""
    app.connect("sphinx-click-process-options", _in_sections)


def _in_sections(app, ctx, lines):
    starts = [number for number, line in enumerate(lines) if line.startswith(".. option::")]
    options = [param for param in ctx.command.params if isinstance(param, click.Option)]
    sections = {}
    for option, start, end in zip(options, starts, [*starts, len(lines)][1:], strict=True):
        sections.setdefault(getattr(option, "section", ""), []).extend(lines[start:end])
    if len(sections) > 1:
        lines[:] = [line for title, each in sections.items() for line in (f"**{title}**", "", *each)]
