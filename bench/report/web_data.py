"""What the page's script reads: the rows of the table of runs, the plots, and what lies behind a run."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from bench.report.aggregate import RECON, Group, Quantity, Setting
from bench.report.names import decimals, interval_text, method_label
from bench.report.style import looks
from bench.report.tables import COUNTS, lost_count, setting_text
from bench.report.web_plot import layouts, pareto_traces, pareto_views, strength_text
from bench.report.web_runs import BEST, MEDIAN, Shown, behind, rounded, setting_name

FIRST = ("kl", "active_units")  # diagnostics that a table shows before its reader asks for more


def group_name(group: Group) -> str:
    """`sprites32, small, 2,000 updates`."""
    return f"{group.spec.dataset.label}, {group.spec.backbone}, {group.spec.steps:,} updates"


def shown_first(group: Group, q: Quantity) -> bool:
    """Whether a table shows the quantity before its reader asks for more."""
    return q in group.headline or q == RECON or q.name in FIRST


def page_data(groups: Sequence[Group], runs: Sequence[Shown]) -> dict[str, Any]:
    """All of it, ready for JSON; numbers of four significant digits. `rows` and `behind` are in the order of runs."""
    quantities = list(dict.fromkeys(q for g in groups for q in g.quantities))
    heads = [_head(groups, q) for q in quantities]
    rows: dict[str, list[int]] = defaultdict(list)
    middle = {one.setting.id: i for i, one in enumerate(runs) if one.role == MEDIAN}
    for i, one in enumerate(runs):
        if one.run.record.status == "done":
            rows[one.setting.id].append(i)
    look = looks(item for g in groups for item in g.series.items())
    return {
        "quantities": heads,
        "rows": [_row(groups, one, quantities) for one in runs],
        "behind": [one._asdict() for one in behind(runs)],
        "names": [setting_name(one.group, one.setting) for one in runs],
        "roles": [_role(one) for one in runs],
        "layouts": layouts(),
        "groups": [
            {
                "name": group_name(g),
                "settings": [_setting(g, s, quantities, heads, middle.get(s.id)) for s in g.settings],
                "traces": pareto_traces(g, look, rows),
                "views": pareto_views(g, quantities),
            }
            for g in groups
        ],
    }


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
        "first": any(shown_first(g, q) for g in groups),
    }


def _row(groups: Sequence[Group], one: Shown, quantities: Sequence[Quantity]) -> list[str | float | None]:
    record = one.run.record
    done = record.status == "done"
    status = "collapsed" if done and record.diagnostics.get("collapsed") is True else record.status
    texts = [group_name(one.group)] if len(groups) > 1 else []
    texts += [method_label(record.spec.method), setting_text(one.group, one.setting)]
    samples = one.setting.samples if done else {}
    values = [rounded(samples.get(q, {}).get(record.spec.seed)) for q in quantities]
    return [record.key, *texts, record.spec.seed, status, *values]


def _role(one: Shown) -> str:
    n = one.setting.counts["done"]
    if one.role not in (MEDIAN, BEST) or n < 2:
        return ""
    return f"{one.role} of {n} seeds by {one.group.headline[0].label.text}"


def _setting(
    group: Group, s: Setting, quantities: Sequence[Quantity], heads: Sequence[dict[str, Any]], run: int | None
) -> dict[str, Any]:
    """Estimates (IQM, lower and upper bound) by quantity; run: the row that stands for the setting."""
    known = [s.estimates.get(q) for q in quantities]
    return {
        "name": setting_name(group, s),
        "strength": strength_text(s),
        "n": s.counts["done"],
        **{name: lost_count(s, name) for name in COUNTS},
        "run": run,
        "estimates": [None if e is None else [rounded(v) for v in (e.iqm, e.lo, e.hi)] for e in known],
        "texts": [
            "" if e is None else interval_text(e.iqm, e.lo, e.hi, head["digits"])
            for e, head in zip(known, heads, strict=True)
        ],
    }
