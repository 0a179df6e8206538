import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from report_fakes import FakeStore, record, score, spec
from web_fakes import EVIL, TAG, matrices, strip, study

from bench.report.collect.findings import findings
from bench.report.collect.groups import collect, groups, setting_name
from bench.report.page import html
from bench.report.page.cite import citation
from bench.report.page.html import web_page
from bench.report.page.markdown import Report
from bench.report.page.plot import pareto_views
from bench.report.page.runs import BEST, MEDIAN, page_runs, run_details


class Tags(HTMLParser):
    """Every tag of a page with its attributes, its headings, and the texts of its scripts by id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: dict[str, str] = {}
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))
        self.inside = self.tags[-1][1].get("id", "page") if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[self.inside] = self.scripts.get(self.inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


@pytest.fixture
def page(page_of_study: Path) -> Path:
    return page_of_study


@pytest.fixture
def tags(page: Path) -> Tags:
    return Tags(page.read_text(encoding="utf-8"))


def test_nothing_that_a_result_file_says_is_markup(page: Path, tags: Tags) -> None:
    assert EVIL not in page.read_text(encoding="utf-8")
    assert not [attributes for _, attributes in tags.tags if "onerror" in attributes or "javascript" in str(attributes)]
    assert {tag for tag, _ in tags.tags} >= {"html", "main", "table"}
    assert [tag for tag, _ in tags.tags].count("img") == 0
    assert {run["setting"] for run in json.loads(tags.scripts["data"])["runs"]} >= {f"mode = {TAG}"}
    assert TAG not in page.read_text(encoding="utf-8")


def test_the_policy_allows_no_request_and_no_script_but_the_pages_own(tags: Tags) -> None:
    (policy,) = [a["content"] for tag, a in tags.tags if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/]+=' blob:", rules["script-src"])
    assert set(rules["img-src"].split()) <= {"data:", "blob:"}
    assert not [a for _, a in tags.tags if a.get("src")]
    assert not [a for _, a in tags.tags if a.get("href", "").startswith(("http", "//"))]


def test_links_lead_to_files_and_sections(page: Path, tags: Tags) -> None:
    names = {a["id"] for _, a in tags.tags if "id" in a}
    links = [a["href"] for tag, a in tags.tags if tag == "a" and not a["href"].startswith("data:")]
    assert len(links) > 20
    assert [x for x in links if not (x[1:] in names if x.startswith("#") else (page.parent / x).is_file())] == []


def test_header_cells_have_a_scope_and_controls_a_label(tags: Tags) -> None:
    heads = [a for tag, a in tags.tags if tag == "th"]
    assert heads
    assert all(a.get("scope") in ("col", "row") for a in heads)
    regions = [a for _, a in tags.tags if a.get("role") in ("region", "img")]
    assert all(a.get("aria-label") for a in regions)


def test_rows_are_what_the_records_say(tags: Tags) -> None:
    data = json.loads(tags.scripts["data"])
    at = {q["text"]: i for i, q in enumerate(data["quantities"])}
    runs = {(run["method"], run["setting"], run["seed"]): run for run in data["runs"]}
    run = runs["β-VAE", "β = 4", 3]
    assert run["status"] == "done"
    assert run["values"][at["MIG"]] == pytest.approx(0.36)
    assert run["values"][at["reconstruction, nats"]] == pytest.approx(26.3)
    assert runs["VAE", "–", 0]["status"] == "collapsed"
    assert runs["VAE", "–", 99]["status"] == "failed"
    assert set(runs["VAE", "–", 99]["values"]) == {None}
    assert [run["picture"][:23] for run in data["runs"]][:2] == ["data:image/webp;base64,"] * 2


def test_of_a_great_study_the_median_and_the_best_of_each_setting_come_first() -> None:
    runs = collect({"a": study(seeds=7)})
    summed = groups(runs, resamples=20)
    few = page_runs(runs, summed, 10)
    assert [one.role for one in few].count(MEDIAN) == [one.role for one in few].count(BEST) == 5
    assert {one.run.record.spec.seed for one in few if one.role == BEST} == {6}
    assert {one.run.record.spec.seed for one in few if one.role == MEDIAN} == {3}
    told = run_details(page_runs(runs, summed), pictures=20_000, entries=12 * 4)
    assert 0 < sum(bool(b.picture) for b in told) < len(runs)
    assert sum(len(b.picture) for b in told) <= 20_000
    assert sum(bool(b.matrices) for b in told) == 4


def test_a_thousand_runs_with_pictures_take_less_than_ten_megabytes() -> None:
    strengths = {"betavae": "beta", "factorvae": "gamma", "infovae": "lambda_", "betatcvae": "beta"}
    specs = [
        spec(method, s, params={name: float(v)})
        for method, name in strengths.items()
        for v in range(1, 6)
        for s in range(50)
    ]
    made = FakeStore([])
    made.runs = [(record(s, 20.0 + s.seed / 7), [score(s.seed / 60), matrices(s.seed / 60)]) for s in specs]
    scores = {r.key: scores for r, scores in made.runs}
    made.scores = scores.__getitem__  # type: ignore[method-assign]
    made.images = {"traversals/step0001000.png": strip(size=64)}
    runs = collect({"a": made})
    found = [findings(group, resamples=20) for group in groups(runs, resamples=20)]
    text = web_page(Report(runs, found, citation("great", runs, "")), [], [])
    assert len(text.encode()) < 10e6
    data = json.loads(Tags(text).scripts["data"])
    assert len(data["runs"]) == 1000
    assert sum(bool(run["picture"]) for run in data["runs"]) >= 40
    assert all(run["matrices"] for run in data["runs"])


def test_a_page_says_what_it_has_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    store = study(seeds=7)
    every = {"collapsed": True}
    store.runs = [(msgspec.structs.replace(r, diagnostics=r.diagnostics | every), scores) for r, scores in store.runs]
    runs = collect({"a": store})
    found = [findings(group, resamples=20) for group in groups(runs, resamples=20)]
    monkeypatch.setattr(html, "LOST", 3)
    monkeypatch.setattr(html, "page_runs", lambda *given: page_runs(*given, 10))
    text = web_page(Report(runs, found, citation("great", runs, "")), [], [])
    for told in ("10 of 36 runs are in this page", "seeds, of the runs in this page", "The first 3 of 35; all are in"):
        assert told in text
    assert len(json.loads(Tags(text).scripts["data"])["runs"]) == 10


def test_plotting_and_templates_are_imported_by_a_report_alone() -> None:
    code = (
        "import sys, bench.report.write; sys.exit(sum(name in sys.modules for name in ('jinja2', 'plotly', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_a_view_names_its_front_its_chosen_settings_and_the_baselines() -> None:
    store = study()
    for method, value in (("pca", 0.3), ("ceiling", 1.0)):
        store.runs += [(record(spec(method, s, params={})), [score(value)]) for s in range(5)]
    (group,) = groups(collect({"a": store}), resamples=20)
    found = findings(group, resamples=20)
    view = next(v for v in pareto_views(found, group.quantities) if v["title"] == "MIG against reconstruction")
    known = {s.id: setting_name(group, s) for s in group.settings}
    assert [known[i] for i in view["front"]] == [
        "VAE",
        "β-VAE, β = 1",
        "β-VAE, β = 4",
        "other, mode = a",
        f"other, mode = {TAG}",
    ]
    assert {known[i] for i in view["chosen"]} == {"VAE", "β-VAE, β = 4", f"other, mode = {TAG}"}
    assert [(b["name"], b["y"], b["hidden"]) for b in view["baselines"]] == [
        ("PCA", 0.3, False),
        ("ceiling (the factors)", 1.0, True),
    ]
