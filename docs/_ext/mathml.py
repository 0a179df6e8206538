"""Equations as MathML, which browsers draw themselves: no script, no font, no request, nothing to install.

The converter is docutils' own. MathJax would be a request to a server of others, or 2 MB of script in the repository;
pictures (`imgmath`) need LaTeX where the site is built.
"""

from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx


def converted(tex: str, *, as_block: bool = False) -> str:
    """The equation; a thin space in place of the sign that a function is applied, which browsers do not show."""
    return tex2mathml(tex, as_block=as_block).replace("<mo>&ApplyFunction;</mo>", '<mspace width="0.17em"></mspace>')


def inline(writer: Any, node: nodes.math) -> None:
    """An equation within a line."""
    writer.body.append(converted(node.astext()))
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    """An equation on a line of its own."""
    writer.body.append(f'<div class="math">{converted(node.astext(), as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's hook."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
