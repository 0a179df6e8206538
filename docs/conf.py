"""The documentation site: `tox -e docs`, or `sphinx-build -W docs docs/_build`. Pages are Markdown, by MyST."""

from importlib.metadata import version as version_of

project = "Disentanglement bench"
author = "the Disentanglement bench authors"
copyright = "the Disentanglement bench authors, Apache-2.0"
release = version = version_of("disentanglement-bench")

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = f"Disentanglement bench {version}"
html_show_sourcelink = False
