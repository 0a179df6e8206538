"""The interactive page of a report, index.html: one file that asks the network for nothing."""

import base64
import gzip
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from markupsafe import Markup

from bench.quantities import RECON, Quantity
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, Setting, setting_name, setting_text
from bench.report.collect.searches import Searched
from bench.report.figures.catalogue import Drawn
from bench.report.figures.style import looks
from bench.report.page.cite import Citation, bibtex
from bench.report.page.markdown import CSV, FILES, counted, environment, losses, unscored
from bench.report.page.plot import layouts, pareto_traces, pareto_views, strength_text
from bench.report.page.runs import BEST, MEDIAN, Shown, behind, rounded, shown
from bench.report.tables.captions import MARKS, encoding_text, losses_text, resolution_text, setup_text, statistics_text
from bench.report.tables.findings import finding_tables
from bench.report.tables.searches import search_table
from bench.report.tables.text import COUNTS, Finding, Table, lost_count
from bench.report.words.names import decimals, interval_text, method_label
from bench.store.runs import Run

if TYPE_CHECKING:
    import jinja2

FIRST = ("kl", "active_units")  # diagnostics that a table shows before its reader asks for more

EMBEDDED = 300_000  # bytes of all CSV files that the page holds itself
LOST = 500  # runs that are not done, and runs that collapsed, listed in it
PYTHON = ("plotly", "package_data/plotly.min.js"), ("itables", "html/dt_bundle.js")


class Download(NamedTuple):
    """A file beside the page; copy: the same as a data URL, where the page has room for it."""

    name: str
    text: str
    size: str
    copy: str


class Section(NamedTuple):
    """A group of settings that may be compared; statistics: what stands above their table."""

    name: str
    number: int
    texts: tuple[str, str]
    statistics: str
    findings: list[Finding]


def web_page(
    title: str,
    runs: Sequence[Run],
    found: Sequence[Findings],
    drawn: Sequence[Drawn],
    damaged: Sequence[str],
    cited: Citation,
    written: Sequence[Path],
    searches: Sequence[Searched] = (),
) -> str:
    """The page's text. written: the report's other files, of which the CSV files are offered for download.

    Everything that comes from a result file is escaped, and the page's own policy allows no script but its own and no
    request. Of a study too great for one page it shows as much as there is room for, and says so.
    """
    groups = [f.group for f in found]
    several = shown(runs, groups)
    data = page_data(found, several)
    script = _own("page.js")
    return _template().render(
        title=title,
        runs=runs,
        counts=counted(runs),
        sections=[_section(i, f) for i, f in enumerate(found)],
        data=data,
        several=several,
        pictured=sum(bool(b["picture"]) for b in data["behind"]),
        lost=losses(runs),
        settings_lost=_settings_lost(groups),
        collapsed=_collapsed(runs, several),
        listed=LOST,
        damaged=sorted(damaged),
        unscored=unscored(runs),
        searches=search_table(searches) if searches else None,
        downloads=_downloads(written),
        figures=[d for d in drawn if d.figure is not None],
        cited=cited,
        bibtex=bibtex(cited),
        environment=environment(runs),
        libraries={package: _packed(package, path) for package, path in PYTHON},
        styles=Markup(files("itables").joinpath("html/dt_bundle.css").read_text("utf-8") + _own("page.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
    )


def _template() -> "jinja2.Template":
    import jinja2  # slow to import, and only a page needs it

    undefined = jinja2.StrictUndefined
    loader = jinja2.PackageLoader("bench.report.page")
    env = jinja2.Environment(loader=loader, autoescape=True, undefined=undefined, trim_blocks=True, lstrip_blocks=True)
    env.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False, "allow_nan": False}
    return env.get_template("page.html")


def _own(name: str) -> str:
    return files("bench.report.page").joinpath("templates", name).read_text("utf-8")


def _packed(package: str, path: str) -> str:
    """A library that a Python package ships, as base64 of gzip: a third of its size, and nothing in it to escape."""
    content = files(package).joinpath(path).read_bytes()
    return base64.b64encode(gzip.compress(content, mtime=0)).decode("ascii")


def _section(index: int, f: Findings) -> Section:
    shared = f"{setup_text(f.group)} {encoding_text(f.group)}".rstrip()
    told = [statistics_text(f.group), resolution_text(f, f.group.headline), MARKS if f.ties else ""]
    statistics = " ".join(text for text in told if text)
    return Section(group_name(f.group), index, (shared, losses_text(f.group)), statistics, finding_tables(f))


def _settings_lost(groups: Sequence[Group]) -> Table:
    """A row per setting with a run that diverged, failed or collapsed."""
    rows = []
    for group in groups:
        for s in group.settings:
            counts = [lost_count(s, name) for name in COUNTS]
            if any(counts):
                rows.append([group_name(group), setting_name(group, s), str(s.counts.total()), *map(str, counts)])
    table = Table("", ["group", "setting", "runs", *COUNTS], rows)
    return table if len(groups) > 1 else Table("", table.header[1:], [row[1:] for row in rows], left=1)


def _collapsed(runs: Sequence[Run], several: Sequence[Shown]) -> Table:
    """A row per done run without an active unit."""
    names = {one.setting.id: setting_name(one.group, one.setting) for one in several}
    lost = [r for r in runs if r.record.status == "done" and r.record.diagnostics.get("collapsed") is True]
    rows = [[names.get(r.setting, r.record.spec.method), str(r.record.spec.seed), r.record.key] for r in lost]
    return Table("", ["setting", "seed", "run"], rows, left=3)


def _downloads(written: Sequence[Path]) -> list[Download]:
    paths = {path.name: path for path in written}
    room, found = EMBEDDED, []
    for name, text in (CSV | FILES).items():
        if name in paths:
            size, copy = paths[name].stat().st_size, ""
            if name.endswith(".csv") and size <= room:
                room -= size
                content = base64.b64encode(paths[name].read_bytes()).decode("ascii")
                copy = f"data:text/csv;charset=utf-8;base64,{content}"
            found.append(Download(name, text, _size(size), copy))
    return found


def _size(n: int) -> str:
    return f"{n / 1e6:.1f} MB" if n >= 1e6 else f"{max(n / 1e3, 0.1):.1f} kB"


def group_name(group: Group) -> str:
    """`sprites32, small, 2,000 updates`."""
    return f"{group.spec.dataset.label}, {group.spec.backbone}, {group.spec.steps:,} updates"


def shown_first(group: Group, q: Quantity) -> bool:
    """Whether a table shows the quantity before its reader asks for more."""
    return q in group.headline or q == RECON or q.name in FIRST


def page_data(found: Sequence[Findings], runs: Sequence[Shown]) -> dict[str, Any]:
    """All of it, ready for JSON; numbers of four significant digits. `rows` and `behind` are in the order of runs."""
    groups = [f.group for f in found]
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
                "name": group_name(f.group),
                "settings": [_setting(f, s, quantities, heads, middle.get(s.id)) for s in f.group.settings],
                "traces": pareto_traces(f.group, look, rows),
                "views": pareto_views(f.group, quantities),
            }
            for f in found
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
    found: Findings, s: Setting, quantities: Sequence[Quantity], heads: Sequence[dict[str, Any]], run: int | None
) -> dict[str, Any]:
    """Estimates (IQM, lower and upper bound) by quantity; run: the row that stands for the setting."""
    known = [s.estimates.get(q) for q in quantities]
    marks = [found.ties[q].marks(s.id) if q in found.ties else "" for q in quantities]
    return {
        "name": setting_name(found.group, s),
        "strength": strength_text(s),
        "n": s.counts["done"],
        **{name: lost_count(s, name) for name in COUNTS},
        "run": run,
        "estimates": [None if e is None else [rounded(v) for v in (e.iqm, e.lo, e.hi)] for e in known],
        "texts": [
            "" if e is None else f"{interval_text(e.iqm, e.lo, e.hi, head['digits'])} {mark}".rstrip()
            for e, head, mark in zip(known, heads, marks, strict=True)
        ],
    }
