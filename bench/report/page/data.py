"""What the page's script draws and lists: quantities, runs, settings and planes, each an object with named parts."""

from collections.abc import Sequence
from typing import Any

from bench.quantities import RECON, Quantity
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, Setting, setting_name, setting_text
from bench.report.figures.style import looks
from bench.report.page.plot import layouts, pareto_series, pareto_views
from bench.report.page.runs import BEST, MEDIAN, PageRun, rounded, run_details
from bench.report.tables.text import COUNTS, group_title, lost_count
from bench.report.words.again import command
from bench.report.words.names import METHODS, SYMBOLS, decimals, interval_text, method_label

FIRST = ("kl", "active_units")  # diagnostics that a table shows before its reader asks for more
SCORES = 6  # scores, likewise: more columns would not fit on a laptop's screen


def page_data(found: Sequence[Findings], runs: Sequence[PageRun]) -> dict[str, Any]:
    """All of it, ready for JSON; numbers of four significant digits, in the order of the quantities.

    words: what people type for a letter or a name in a table.
    """
    groups = [f.group for f in found]
    methods = [method for group in groups for method in group.methods]
    quantities = _ordered(groups)
    heads = [_head(groups, q) for q in quantities]
    middle = {one.setting.id: one.run.record.key for one in runs if one.role == MEDIAN}
    look = looks(item for g in groups for item in g.series.items())
    return {
        "quantities": heads,
        "runs": [_run(one, quantities) | b._asdict() for one, b in zip(runs, run_details(runs), strict=True)],
        "words": {label: name for name, label in (SYMBOLS | METHODS | {m: method_label(m) for m in methods}).items()},
        "layouts": layouts(),
        "groups": [
            {
                "name": group_title(f.group),
                "settings": [_setting(f, s, quantities, heads, middle.get(s.id)) for s in f.group.settings],
                "series": pareto_series(f.group, look),
                "views": pareto_views(f, quantities),
            }
            for f in found
        ],
    }


def _ordered(groups: Sequence[Group]) -> list[Quantity]:
    """Scores first, which a narrow screen shows first; then the rest in their order."""
    every = dict.fromkeys(q for g in groups for q in g.quantities)
    return [*(q for q in every if q.protocol), *(q for q in every if not q.protocol)]


def _head(groups: Sequence[Group], q: Quantity) -> dict[str, Any]:
    """A column: its head, what it is, its decimals, and whether it is there from the start."""
    learnt = [s.estimates[q].iqm for g in groups for s in g.settings if q in s.estimates and not s.is_baseline]
    every = [s.estimates[q].iqm for g in groups for s in g.settings if q in s.estimates]
    unit = q.label.unit.removesuffix(" per observation")
    text = q.label.text + (f", {unit}" if unit else "")
    return {
        "head": q.label._replace(text=text).head,
        "text": text,
        "about": q.protocol or q.label.unit,
        "digits": decimals(learnt or every),
        "first": any(q in g.headline[:SCORES] for g in groups) or q == RECON or q.name in FIRST,
    }


def _run(one: PageRun, quantities: Sequence[Quantity]) -> dict[str, Any]:
    record = one.run.record
    done = record.status == "done"
    samples = one.setting.samples if done else {}
    return {
        "key": record.key,
        "group": group_title(one.group),
        "id": one.setting.id,
        "name": setting_name(one.group, one.setting),
        "method": method_label(record.spec.method),
        "setting": setting_text(one.group, one.setting),
        "seed": record.spec.seed,
        "status": "collapsed" if done and record.diagnostics.get("collapsed") is True else record.status,
        "done": done,
        "role": _role(one),
        "command": command(record, one.run.scores),
        "values": [rounded(samples.get(q, {}).get(record.spec.seed)) for q in quantities],
    }


def _role(one: PageRun) -> str:
    n = one.setting.counts["done"]
    if one.role not in (MEDIAN, BEST) or n < 2:
        return ""
    return f"{one.role} of {n} seeds by {one.group.headline[0].label.text}"


def _setting(
    found: Findings, s: Setting, quantities: Sequence[Quantity], heads: Sequence[dict[str, Any]], run: str | None
) -> dict[str, Any]:
    """Estimates (IQM, lower and upper bound) by quantity; run: the key of the run that stands for the setting."""
    known = [s.estimates.get(q) for q in quantities]
    marks = [found.ties[q].marks(s.id) if q in found.ties else "" for q in quantities]
    return {
        "id": s.id,
        "name": setting_name(found.group, s),
        "n": s.counts["done"],
        **{name: lost_count(s, name) for name in COUNTS},
        "run": run,
        "estimates": [None if e is None else [rounded(v) for v in (e.iqm, e.lo, e.hi)] for e in known],
        "texts": [
            "" if e is None else f"{interval_text(e.iqm, e.lo, e.hi, head['digits'])} {mark}".rstrip()
            for e, head, mark in zip(known, heads, marks, strict=True)
        ],
    }
