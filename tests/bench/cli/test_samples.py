"""A data set that is no whole grid, from `bench plan` to a report: what is not scored says so at each step."""

import csv

import pytest
from markupsafe import escape

from bench.store.store import Store

STUDY = """
name = "own"
dataset = "snapshots"
methods = ["vae", "betavae"]
metrics = ["mig", "mcc", "factorvae_score"]
seeds = 2
steps = 2
batch_size = 8
z_dim = 3
[set.small]
width = 0.25
[set.betavae]
beta = 4
[set.snapshots]
unordered = true
bins = 60
"""
FIXED = "it holds a factor's value fixed, and too few rows share one of x"
SAID = [
    "not scored: 80 of 400 rows lack a value of bright (40), x (40)",
    "not scored: mcc of y: it needs values in an order",
    f"not scored: factorvae_score: {FIXED}",
]


@pytest.fixture
def own(bench, run, tmp_path):
    """The study of these runs, run in this process; the folder it is run in."""
    (tmp_path / "own.toml").write_text(STUDY)
    code, out, err = bench("run", "--study", "own.toml")
    assert (code, err) == (0, "")
    assert out.splitlines()[1:4] == SAID
    assert out.count("not scored") == 3
    return tmp_path


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_what_cannot_be_scored_is_said_recorded_and_reported(bench, own):
    store = Store(own / "results" / "own")
    records = list(store)
    assert len(records) == 4
    for record in records:
        assert record.evaluation["rows"] == 320
        skipped = {s.metric: s.repeats[0].skipped for s in store.scores(record.key)}
        assert skipped == {"mig": "", "mcc": "", "factorvae_score": FIXED}
        assert store.posterior(record.key)["numbers"].shape == (320, 3)

    code, out, _ = bench("plan", "--study", "own.toml", "--no-calibration")
    assert code == 0
    assert "4 would be skipped" in out
    assert [line.strip() for line in out.splitlines() if "not scored" in line] == SAID
    code, out, _ = bench("run", "--study", "own.toml")
    assert "4 already done" in out

    code, _, err = bench("report", "results/own", "--out", "rep")
    assert (code, err) == (0, "")
    rows = rows_of(own / "rep" / "own" / "skipped.csv")
    assert len(rows) == 4
    assert {(row["metric"], row["skipped"]) for row in rows} == {("factorvae_score", FIXED)}
    assert {row["metric"] for row in rows_of(own / "rep" / "own" / "scores.csv")} == {"mig", "mcc"}
    assert {row["evaluation.continuous"] for row in rows_of(own / "rep" / "own" / "runs.csv")} == {"x"}
    page = (own / "rep" / "own" / "report.md").read_text(encoding="utf-8")
    assert page.count(FIXED.replace("_", "\\_")) == 1
    assert "320 evaluation rows, drawn without replacement; 80 of 400 rows lack a value of bright (40), x (40)" in page
    web = (own / "rep" / "own" / "index.html").read_text(encoding="utf-8")
    assert f"<td>{escape(FIXED)}</td>" in web


def test_what_is_scored_is_verified_and_scored_further(bench, own):
    code, out, _ = bench("verify", "results/own", "--weights")
    assert code == 0
    code, out, _ = bench("score", "--runs", "results/own", "--metrics", "sap,betavae_score")
    assert code == 0
    assert f"not scored: betavae_score: {FIXED}" in out
    (record, *_) = list(Store(own / "results" / "own"))
    found = {s.metric: s for s in Store(own / "results" / "own").scores(record.key)}
    assert found["sap"].protocol == "sap:C0.01-mean-n213-n_test107-vwidth60"
    assert found["sap"].repeats[0].values["sap"] >= 0
    code, out, _ = bench("run", "--study", "own.toml", "--metrics", "sap")
    assert "4 already done" in out, "the same protocols whether run or score asks"


def test_baselines_stand_beside_by_what_can_be_scored(bench, own):
    code, _, err = bench("baselines", "results/own", "--seeds", 1, "--jobs", 1)
    assert (code, err) == (0, "")
    store = Store(own / "results" / "own")
    found = {r.spec.method: store.scores(r.key) for r in store}
    ceiling = {s.metric: s.repeats[0].values for s in found["ceiling"]}
    assert ceiling.keys() == {"mig", "mcc"}
    assert ceiling["mig"]["mig"] > 0.7


def test_data_info_says_what_is_not_known(bench):
    code, out, _ = bench("data", "info", "snapshots", "--set", "snapshots.unordered=true", "--out", "sheet.png")
    assert code == 0
    assert "    bright    2\n    y         3  no order\n    x         8  in bins of true values\n" in out
    assert "  not scored: 80 of 400 rows lack a value of bright (40), x (40)\n" in out
