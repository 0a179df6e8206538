"""Tables of a report as text: Markdown for GitHub, LaTeX (booktabs) for a paper."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bench.quantities import Quantity
from bench.report.collect.comparisons import Ties
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, Setting, setting_text
from bench.report.tables.captions import (
    MARKS,
    encoding_text,
    losses_text,
    quantities_text,
    resolution_text,
    setup_text,
    statistics_text,
    training_text,
)
from bench.report.words.names import decimals, interval_text, method_label

COUNTS = ("diverged", "failed", "collapsed")
TEX = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$"},
    **{"α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "λ": r"$\lambda$"},
    **{"↑": r"$\uparrow$", "↓": r"$\downarrow$", "×": r"$\times$", "–": "--", "−": "$-$", "|": r"\textbar{}"},
    **{"ᵇ": r"$^{b}$", "ᵛ": r"$^{v}$"},
}


class Table(NamedTuple):
    """Cells under a header, the first `left` columns set to the left; the caption names units and protocols.

    above: what is to be known before the cells are read.
    """

    caption: str
    header: list[str]
    rows: list[list[str]]
    left: int = 2
    above: str = ""


class Finding(NamedTuple):
    """A table under its heading, and the lines below it that say what may be concluded."""

    heading: str
    table: Table
    lines: list[str]


def group_tables(found: Findings, *, width: int) -> list[Table]:
    """The group's settings in tables of at most `width` quantities, none with two protocols of one score."""
    return [_table(found, chunk) for chunk in _chunks(found.group.quantities, width)] or [_table(found, [])]


def group_markdown(found: Findings, *, width: int) -> str:
    """A section: the group's name, all that its runs share, its tables."""
    tables = [markdown(table) for table in group_tables(found, width=width)]
    return "\n\n".join([f"## {md_text(group_title(found.group))}", shared_markdown(found.group), *tables])


def group_title(group: Group) -> str:
    """`sprites32, small, 2,000 updates`."""
    return f"{group.spec.dataset.label}, {group.spec.backbone}, {group.spec.steps:,} updates"


def shared_markdown(group: Group) -> str:
    """All that a group's runs share, in paragraphs."""
    texts = [
        t for told in (setup_text, training_text, encoding_text, losses_text, statistics_text) if (t := told(group))
    ]
    return "\n\n".join(map(md_text, texts))


def folded(summary: str, parts: Iterable[str]) -> list[str]:
    """Parts under a line that opens them, as GitHub shows it; none where there are none."""
    inner = [part for part in parts if part]
    return [f"<details>\n<summary>{summary}</summary>", *inner, "</details>"] if inner else []


def markdown(table: Table) -> str:
    """The table in GitHub's dialect between what stands above it and its caption."""
    align = ["---" if i < table.left else "---:" for i in range(len(table.header))]
    lines = [_md_row(table.header), "|" + "|".join(align) + "|", *(_md_row(r) for r in table.rows)]
    parts = [md_text(table.above), "\n".join(lines), md_text(table.caption)]
    return "\n\n".join(part for part in parts if part)


def latex(group: Group, table: Table, label: str) -> str:
    """A float for the package booktabs; its caption tells all that the group shares, `label` is what \\ref takes."""
    caption = " ".join([setup_text(group), statistics_text(group), losses_text(group), table.above, table.caption])
    body = "\n".join("    " + " & ".join(map(tex_text, row)) + r" \\" for row in table.rows)
    return rf"""\begin{{table*}}
  \centering
  \footnotesize
  \caption{{{tex_text(caption)}}}
  \label{{{label}}}
  \begin{{tabular}}{{{"l" * table.left}{"r" * (len(table.header) - table.left)}}}
    \toprule
    {" & ".join(map(tex_text, table.header))} \\
    \midrule
{body}
    \bottomrule
  \end{{tabular}}
\end{{table*}}
"""


def tex_text(text: str) -> str:
    """Text with what LaTeX would interpret, and the few symbols that reports use, written for LaTeX."""
    return "".join(TEX.get(c, c) for c in text)


def md_text(text: str) -> str:
    """Text on one line with what Markdown would interpret escaped."""
    for c in "\\`*_<>|$":
        text = text.replace(c, f"\\{c}")
    return " ".join(text.replace("](", "]\\(").split())


def _chunks(quantities: Iterable[Quantity], width: int) -> list[list[Quantity]]:
    chunks: list[list[Quantity]] = []
    for q in quantities:
        if not chunks or len(chunks[-1]) == width or q.name in {other.name for other in chunks[-1]}:
            chunks.append([])
        chunks[-1].append(q)
    return chunks


def _table(found: Findings, quantities: Sequence[Quantity]) -> Table:
    group = found.group
    lost = [name for name in COUNTS if any(lost_count(s, name) for s in group.settings)]
    # A baseline of which nothing here is known is left out; a method's setting never is.
    settings = [s for s in group.settings if not s.is_baseline or any(q in s.estimates for q in quantities)]
    rows = [
        [method_label(s.spec.method), setting_text(group, s), str(s.counts["done"])]
        + [str(lost_count(s, name)) for name in lost]
        for s in settings
    ]
    for q in quantities:
        for row, text in zip(rows, _column(settings, q, found.ties.get(q)), strict=True):
            row.append(text)
    header = ["method", "setting", "n", *lost, *(q.label.head for q in quantities)]
    marks = f" {MARKS}" if any(q in found.ties for q in quantities) else ""
    return Table(quantities_text(quantities) + marks, header, rows, above=resolution_text(found, quantities))


def _column(settings: Sequence[Setting], q: Quantity, ties: Ties | None) -> list[str]:
    known = [s for s in settings if q in s.estimates]
    # The decimals that methods need: beside them a ceiling or a decoder that never learnt is far away.
    learnt = [s for s in known if not s.is_baseline] or known
    digits = decimals([s.estimates[q].iqm for s in learnt])
    texts = []
    for s in settings:
        e = s.estimates.get(q)
        text = "" if e is None else interval_text(e.iqm, e.lo, e.hi, digits)
        # A score that some done runs lack is over fewer seeds than the row's n says.
        n = f" (n = {e.n})" if e is not None and e.n != s.counts["done"] else ""
        marks = ties.marks(s.id) if ties is not None else ""
        texts.append(f"{text}{n} {marks}".rstrip())
    return texts


def _md_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(map(md_text, cells)) + " |"


def lost_count(setting: Setting, name: str) -> int:
    """How many runs of a setting diverged, failed or collapsed, as `name` says."""
    return setting.collapsed if name == "collapsed" else setting.counts[name]
