"""The documentation as a site: `make docs` builds it into build/docs, without a network."""

from importlib import metadata

project = "GradMQ"
author = "GradMQ contributors"
copyright = author  # noqa: A001 - Sphinx's name
version = release = metadata.version("gradmq")

extensions = ["myst_parser", "sphinx_click"]
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
