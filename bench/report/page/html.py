"""The interactive page of a report, index.html: one file that asks the network for nothing."""

import base64
import gzip
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, setting_name
from bench.report.figures.catalogue import Drawn
from bench.report.page.cite import bibtex
from bench.report.page.data import page_data
from bench.report.page.markdown import CSV, FILES, Report, counted, environment, losses, noted, unscored
from bench.report.page.runs import PageRun, page_runs
from bench.report.tables.captions import (
    MARKS,
    encoding_text,
    losses_text,
    resolution_text,
    setup_text,
    statistics_text,
    training_text,
)
from bench.report.tables.conclusion import conclusion
from bench.report.tables.findings import finding_tables
from bench.report.tables.searches import search_table
from bench.report.tables.text import COUNTS, Finding, Table, group_title, lost_count
from bench.store.runs import Run

if TYPE_CHECKING:
    import jinja2

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
    conclusion: list[str]


def web_page(report: Report, drawn: Sequence[Drawn], written: Sequence[Path]) -> str:
    """The page's text. written: the report's other files, of which the CSV files are offered for download.

    Everything that comes from a result file is escaped, and the page's own policy allows no script but its own and no
    request. Of a study too great for one page it shows as much as there is room for, and says so.
    """
    runs, found, cited, searches, damaged, origins = report
    several = page_runs(runs, [f.group for f in found])
    data = page_data(found, several)
    script = _own("page.js")
    return _template().render(
        title=cited.study,
        runs=runs,
        counts=counted(runs),
        sections=[_section(i, f, cited.study) for i, f in enumerate(found)],
        data=data,
        several=several,
        pictured=sum(bool(run["picture"]) for run in data["runs"]),
        lost=losses(runs),
        settings_lost=_settings_lost([f.group for f in found]),
        collapsed=_collapsed(runs, several),
        damaged=sorted(damaged),
        unscored=unscored(runs),
        noted=noted(runs),
        searches=search_table(searches) if searches else None,
        origins=origins,
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
    env.globals["listed"] = LOST
    return env.get_template("page.html")


def _own(name: str) -> str:
    return files("bench.report.page").joinpath("templates", name).read_text("utf-8")


def _packed(package: str, path: str) -> str:
    """A library that a Python package ships, as base64 of gzip: a third of its size, and nothing in it to escape."""
    content = files(package).joinpath(path).read_bytes()
    return base64.b64encode(gzip.compress(content, mtime=0)).decode("ascii")


def _section(index: int, f: Findings, title: str) -> Section:
    shared = " ".join(filter(None, (told(f.group) for told in (setup_text, training_text, encoding_text))))
    lines = [statistics_text(f.group), resolution_text(f, f.group.headline), MARKS if f.ties else ""]
    statistics = " ".join(text for text in lines if text)
    told = (shared, losses_text(f.group))
    return Section(group_title(f.group), index, told, statistics, finding_tables(f), conclusion(f, f"results/{title}"))


def _settings_lost(groups: Sequence[Group]) -> Table:
    """A row per setting with a run that diverged, failed or collapsed."""
    rows = []
    for group in groups:
        for s in group.settings:
            counts = [lost_count(s, name) for name in COUNTS]
            if any(counts):
                rows.append([group_title(group), setting_name(group, s), str(s.counts.total()), *map(str, counts)])
    table = Table("", ["group", "setting", "runs", *COUNTS], rows)
    return table if len(groups) > 1 else Table("", table.header[1:], [row[1:] for row in rows], left=1)


def _collapsed(runs: Sequence[Run], several: Sequence[PageRun]) -> Table:
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
