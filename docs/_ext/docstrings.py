"""The docstrings of this suite, which are plain text, as the reStructuredText that autodoc reads."""

import re
from itertools import groupby
from typing import Any

from sphinx.application import Sphinx


def escaped(line: str) -> str:
    """`name` as code; what would be markup as it stands."""
    parts = re.split(r"(`[^`]+`)", line)
    return "".join(f"`{part}`" if i % 2 else re.sub(r"([\\*_|`])", r"\\\1", part) for i, part in enumerate(parts))


def paragraph(lines: list[str]) -> list[str]:
    """An indented one is a formula or code; a line `name: text` begins an entry of a list, where there are several."""
    if all(line.startswith("    ") for line in lines):
        return ["::", "", *lines, ""]
    entry = re.compile(r"\w+: ")
    several = sum(bool(entry.match(line)) for line in lines) > 1 and entry.match(lines[0])
    begins = [bool(entry.match(line)) if several else line.startswith("- ") for line in lines]
    out = []
    for line, first in zip(lines, begins, strict=True):
        text = escaped(line.strip().removeprefix("- "))
        out.append(f"- {text}" if first else f"  {text}" if any(begins) else text)
    return [*out, ""]


def plain(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """A listener of `autodoc-process-docstring`: changes the lines in place."""
    blocks = groupby(list(lines), key=lambda line: bool(line.strip()))
    lines[:] = [line for full, found in blocks if full for line in paragraph(list(found))]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's hook."""
    app.connect("autodoc-process-docstring", plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
