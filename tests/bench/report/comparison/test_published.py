"""Runs from the CSV files of a report are the runs that it was made of."""

import shutil
from pathlib import Path

import msgspec
import pytest
from report_fakes import LOGGED, FakeStore, record, score, spec

from bench.errors import BenchError
from bench.report.comparison.published import Published
from bench.report.write import gathered, write_data
from bench.spec import DataSpec, Wrapper
from bench.store.files import Damaged

REFERENCE = Path(__file__).parents[4] / "reports" / "reference"


@pytest.fixture
def report(tmp_path):
    """The CSV files of three runs, one wrapped and one that diverged; and these."""
    wrap = (Wrapper(name="noise", args={"level": 0.1, "seed": 0}),)
    data = DataSpec(name="toy", args={"side": 8}, sha256="ab" * 32, wrap=wrap)
    runs = [
        (record(spec(seed=0), 20.5), [score([0.1, 0.2]), score(0.3, "sap", "sap:m")]),
        (record(spec("vae", params={"mode": "=x", "fast": True, "n": 3}, dataset=data), definitions={"c": 2.0}), []),
        (record(spec(seed=2), status="diverged"), []),
    ]
    store = FakeStore(runs)
    store.logged = LOGGED
    write_data(tmp_path, "x", *gathered({"a": store}, resamples=10))
    return tmp_path, {r.key: (r, s) for r, s in runs}


def test_a_row_gives_its_run(report):
    folder, expected = report
    found = Published(folder)
    records = {r.key: r for r in found}
    assert (found.damaged, records.keys()) == ({}, expected.keys())
    for key, (run, scores) in expected.items():
        one = records[key]
        assert (
            msgspec.structs.replace(run.spec, dataset=msgspec.structs.replace(run.spec.dataset, source="")) == one.spec
        )
        assert (one.status, one.strength, one.error) == (run.status, run.strength, run.error)
        assert (one.diagnostics, one.definitions) == (run.diagnostics, run.definitions)
        assert found.scores(key) == scores
        assert found.history(key) == LOGGED


def test_a_row_that_does_not_give_its_key_is_passed_over(report):
    folder, expected = report
    text = (folder / "runs.csv").read_text()
    (folder / "runs.csv").write_text(text.replace("=x", "x"))
    found = Published(folder)
    (key,) = found.damaged
    assert expected[key][0].spec.method == "vae"
    assert "does not give the spec" in found.damaged[key]


def test_cells_that_are_no_numbers(report):
    folder, key = report[0], spec(seed=0).key
    (folder / "scores.csv").write_text((folder / "scores.csv").read_text().replace("0.1", "one"))
    with pytest.raises(Damaged, match=r"scores\.csv"):
        Published(folder).scores(key)
    (folder / "history.csv").write_text("key\nx\n")
    with pytest.raises(BenchError, match="no file of a report: has no step"):
        Published(folder)


def test_every_run_of_the_committed_report(tmp_path):
    for name in ("runs.csv", "scores.csv"):
        shutil.copy(REFERENCE / name, tmp_path)
    found = Published(tmp_path)
    assert len(list(found)) > 100
    assert found.damaged == {}
