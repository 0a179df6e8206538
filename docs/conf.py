"""The documentation site: `tox -e docs`, or `sphinx-build -W docs docs/_build`. Pages are Markdown, by MyST.

Pages on metrics and on the command line are made from the code (`_ext/pages.py`), the API's by autodoc.
"""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Disentanglement bench"
author = "the Disentanglement bench authors"
copyright = "the Disentanglement bench authors, Apache-2.0"
release = version = version_of("disentanglement-bench")

extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings", "mathml", "pages"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_url_schemes = {"http": None, "https": None, "reference": "reference-report/{{path}}"}
html_math_renderer = "mathml"
autodoc_member_order = "bysource"
exclude_patterns = ["_build", "_ext"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", ".*")]  # types of torch and NumPy, whose pages are not here

html_theme = "furo"
html_title = f"Disentanglement bench {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
