"""bench compare, on results folders and on reports of them."""

import csv
import shutil

import pytest

from bench.report.collect.groups import collect
from bench.report.tables.csv_file import csv_text
from bench.report.tables.rows import run_rows, score_rows
from bench.store.store import Store


@pytest.fixture
def folders(four_runs, tmp_path):
    """A copy of a results folder, and the CSV files of its report that are compared."""
    results, report = tmp_path / "copies" / "results", tmp_path / "copies" / "report"
    shutil.copytree(four_runs, results)
    runs = collect({"tiny": Store(results)})
    report.mkdir()
    (report / "runs.csv").write_text(csv_text(run_rows(runs)))
    (report / "scores.csv").write_text(csv_text(score_rows(runs)))
    return results, report


def altered(report, name, change):
    """A copy of a report whose CSV file has another cell in each row."""
    copy = report.with_name("altered")
    shutil.copytree(report, copy)
    with (copy / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with (copy / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return copy


def test_a_folder_and_its_report_hold_the_same_numbers(bench, folders):
    results, report = folders
    for a, b in [(results, report), (report, results), (results, results), (report, report)]:
        code, out, err = bench("compare", a, b)
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert lines[-2] == "A: 4 runs, B: 4 runs, in both: 4; the same platform"
        assert lines[-1] == "8 cells: 8 same, 0 within, 0 differs"
        assert ["same", "toy", "vae", "reconstruction", "2", "runs", "equal"] in [line.split() for line in lines]


def test_another_number_is_found(bench, folders):
    def change(row):
        if row["seed"] == "1" and row["method"] == "betavae" and not row["factor"]:
            row["value"] = "0.5"

    code, out, _ = bench("compare", folders[0], altered(folders[1], "scores.csv", change))
    assert code == 1
    wrong = [line for line in out.splitlines() if line.startswith("differs")]
    assert ["MIG" in wrong[0], "all numbers" in wrong[1], len(wrong)] == [True, True, 2]
    assert "seed 1: " in wrong[0]
    assert "and 0.5; of 2 runs" in wrong[0]


def test_on_another_processor_seeds_are_compared_with_seeds(bench, folders):
    def change(row):
        row["environment.cpu"], row["diagnostic.recon"] = "another", str(float(row["diagnostic.recon"]) + 1)

    code, out, _ = bench("compare", folders[0], altered(folders[1], "runs.csv", change))
    assert code == 0
    assert out.splitlines()[-1] == "9 cells: 0 same, 9 within, 0 differs"
    assert "cpu " in out.splitlines()[-2]
    assert "too few seeds to find any difference" in out


def test_mistakes_are_one_line(bench, folders, tmp_path):
    results, report = folders
    (tmp_path / "file").touch()
    assert bench("compare", results, "nowhere") == (2, "", "error: nowhere: no such folder\n")
    assert bench("compare", "file", results) == (2, "", "error: file: not a folder\n")
    (tmp_path / "empty").mkdir()
    code, _, err = bench("compare", "empty", results)
    assert (code, err.count("\n"), "holds neither runs nor" in err) == (2, 1, True)
    (report / "scores.csv").write_text("key,seed\n1,2\n")
    code, _, err = bench("compare", report, results)
    assert (code, err.count("\n"), "scores.csv: no file of a report: has no factor, metric" in err) == (2, 1, True)
    text = (report / "runs.csv").read_text()
    (report / "scores.csv").write_text("key,metric,name,protocol,repeat,factor,value\nk,mig,mig,mig:mean,0,,high\n")
    (report / "runs.csv").write_text(text.replace(text.splitlines()[1].split(",")[0], "k"))
    code, _, err = bench("compare", report, results)
    assert (code, err) == (2, "error: high: expected a number, as reports write them\n")


def test_damaged_runs_are_no_success(bench, folders):
    results, report = folders
    key = Store(results).keys()[0]
    path = next((results / key / "scores").iterdir())
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    code, out, _ = bench("compare", report, results)
    assert code == 1
    assert f"{key}: damaged: " in out
