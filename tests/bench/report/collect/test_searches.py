"""Searches in a report, from plain files alone."""

import csv
import statistics
from pathlib import Path

import pytest
from report_fakes import RECON, FakeStore, record, score, search, spec

from bench.errors import BenchError
from bench.report.collect.groups import collect
from bench.report.collect.searches import SearchResult, search_results, so_far
from bench.report.figures import searches as figures
from bench.report.tables.searches import search_rows, with_budgets
from bench.report.write import write
from bench.seeds import SEARCH_SEEDS
from bench.store.searches import Trial, read
from bench.store.searches import write as write_search

CONFIRMED = [0.10, 0.30, 0.12, 0.11, 0.14]


def store() -> FakeStore:
    made = [(spec(seed=s, params={"beta": 6.0}), v) for s, v in enumerate(CONFIRMED)]
    made += [(spec(seed=s, params={"beta": 1.0}), 0.05) for s in range(5)]
    made += [(spec(seed=SEARCH_SEEDS + s, params={"beta": 6.0}), 0.4) for s in range(2)]
    return FakeStore([(record(one, 22.0), [score(v)]) for one, v in made])


def one(**changes: object) -> SearchResult:
    return search_results([search(**changes)], collect({"a": store()}), resamples=50)[0]


def test_the_confirmed_number_is_of_report_seeds_and_lies_beside_the_searched_one() -> None:
    (row, recon) = search_rows([one()])["search_best.csv"]
    assert row["searched"] == 0.4
    assert row["median"] == statistics.median(CONFIRMED)
    assert row["drop"] == pytest.approx(statistics.median(CONFIRMED) - 0.4)
    assert (row["n"], row["search_trials"], row["failed_trials"], row["seeds_per_trial"]) == (5, 5, 1, 2)
    assert (recon["name"], recon["searched"], recon["median"]) == ("recon", 22.0, 22.0)


def test_the_best_so_far_never_gets_worse() -> None:
    assert so_far(one()) == [(1, 0.2), (2, 0.2), (3, 0.4), (4, 0.4)]
    less = [Trial(number=i, state="done", params={}, values=[v]) for i, v in enumerate((3.0, 4.0, 1.0))]
    assert so_far(one(trials=less, objectives=[RECON], chosen=None)) == [(1, 3.0), (2, 3.0), (3, 1.0)]


def test_only_settings_of_a_search_have_a_budget() -> None:
    found = one()
    rows = list(with_budgets([{"setting": found.setting}, {"setting": "other"}], [found]))
    assert rows == [{"setting": found.setting, "search_trials": 5}, {"setting": "other"}]


def test_a_figure_that_fails_and_importances_left_out_cost_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("as told to")

    monkeypatch.setattr(figures, "front_figure", broken)
    paths = write(store(), tmp_path, searches=[search(left_out={"importances for mig": "too equal"})], resamples=50)
    names = {p.relative_to(tmp_path).as_posix() for p in paths}
    assert "figures/search_progress.png" in names
    assert "figures/search_front.png" not in names
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "against reconstruction: left out: ValueError: as told to" in text
    assert "Left out for betavae: importances for mig: too equal." in text


def test_a_report_has_the_search_and_none_of_its_runs(tmp_path: Path) -> None:
    two = [search(), search("infovae", "infovae-1", confirmed=[], chosen=None)]
    paths = write(store(), tmp_path, searches=two, resamples=50)
    names = {p.relative_to(tmp_path).as_posix() for p in paths}
    for stem in ("progress", "confirmed", "front", "importances"):
        assert {f"figures/search_{stem}.{kind}" for kind in ("png", "svg")} <= names
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "seeds from 1,000,000 on" in text
    assert "| β-VAE | MIG | β = 6 | 5 | 1 | 2 | 0.400 | 5 | 0.120 [" in text
    assert "no trial is done" in text
    assert "1 trials failed" not in text
    with (tmp_path / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert {row["search_trials"] for row in rows if row["param.beta"] == "6.0"} == {"5"}
    assert {row["search_trials"] for row in rows if row["param.beta"] == "1.0"} == {""}
    with (tmp_path / "searches.csv").open(newline="") as file:
        trials = list(csv.DictReader(file))
    assert [t["trial_state"] for t in trials[:5]] == ["done"] * 4 + ["failed"]
    assert trials[4]["reason"] == "seed 1000000: diverged"


def test_the_files_are_a_valid_data_package(tmp_path: Path) -> None:
    frictionless = pytest.importorskip("frictionless", reason="frictionless is not installed (extra: test)")
    write(store(), tmp_path, searches=[search()], resamples=50)
    found = frictionless.Package(str(tmp_path / "datapackage.json")).validate()
    assert found.valid, found.flatten(["type", "message"])


def test_a_search_is_read_as_it_was_written_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    path = write_search(tmp_path, search())
    assert read(tmp_path) == [search()]
    path.write_text("{")
    with pytest.raises(BenchError, match=r"betavae-1\.json: cannot be read as a search"):
        read(tmp_path)
