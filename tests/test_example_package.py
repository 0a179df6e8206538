"""Another's package (tests/packages/bench_example) is installed by pip, found, run and reported in real processes."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent / "packages" / "bench_example"
ROOT = Path(__file__).parents[1]
STEPS = ("--steps", "4", "--seeds", "1", "--batch-size", "16", "--z-dim", "3", "--jobs", "1", "--device", "cpu")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """python("-m", "bench", ...) in an empty folder, by an interpreter that finds the package: standard output."""
    folder = tmp_path_factory.mktemp("example")
    source, site = folder / "source", folder / "site"
    shutil.copytree(PACKAGE, source)  # setuptools builds beside the sources
    paths = os.pathsep.join([str(site), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": paths, "BENCH_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}

    def call(*arguments):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    call("-m", "pip", "install", *options, "--target", site, source)
    return call


def test_its_plugins_are_listed(python):
    assert "wae(lambda_=100.0, noise=1.0): WAE, random encoders." in python("-m", "bench", "list", "methods")


def test_they_run_beside_ours_and_are_reported(python, tmp_path):
    results, reports = tmp_path / "results", tmp_path / "reports"
    chosen = ("--methods", "wae,vae", "--dataset", "blobs", "--metrics", "rank_gap,mig", "--set", "wae.lambda_=10")
    python("-m", "bench", "run", *chosen, *STEPS, "--out", results)
    python("-m", "bench", "report", results, "--out", reports)
    lines = (reports / "results" / "summary.csv").read_text(encoding="utf-8").splitlines()
    rows = [row for row in csv.DictReader(lines) if row["metric"] == "rank_gap"]
    done = {(row["method"], row["dataset"]) for row in rows if row["n_done"] == "1"}
    assert {("wae", "blobs"), ("vae", "blobs")} <= done
    assert "| WAE |" in (reports / "results" / "summary.md").read_text(encoding="utf-8")
    assert all(0 <= float(row["mean"]) <= 1 for row in rows)


def test_its_own_tests_pass(python):
    passed = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "source/tests")
    assert " passed" in passed
    assert "skipped" not in passed
