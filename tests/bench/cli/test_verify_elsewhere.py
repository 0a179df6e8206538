"""bench verify on another platform than the records', and for reproducible records."""

import shutil
from dataclasses import replace

import msgspec
import pytest

from bench.environment import REPRODUCIBLE
from bench.execution import verify
from bench.execution.job import Result
from bench.execution.trial import trial
from bench.spec import Record
from bench.store.files import Artefacts
from bench.store.store import Store


@pytest.fixture
def results(four_runs, tmp_path):
    """A copy of four runs."""
    return shutil.copytree(four_runs, tmp_path / "four")


@pytest.fixture
def elsewhere(monkeypatch):
    """This machine has another processor."""
    here = verify.environment()
    monkeypatch.setattr(verify, "environment", lambda: {**here, "cpu": "another"})


def raised(job):
    """A training whose diagnostics are a little greater."""
    result = trial(job)
    numbers = {name: v if isinstance(v, list | bool) else v + 1e-6 for name, v in result.record.diagnostics.items()}
    return replace(result, record=msgspec.structs.replace(result.record, diagnostics=numbers))


def failed(job):
    """A training that raised."""
    record = Record(key=job.spec.key, spec=job.spec, status="failed", error="why", environment=job.environment)
    return Result(job, record, Artefacts())


def test_runs_trained_again_are_draws_of_the_same_seeds(bench, results, elsewhere, monkeypatch):
    monkeypatch.setattr(verify, "trial", raised)
    code, out, _ = bench("verify", results, "--retrain", 4)
    assert (code, out.splitlines()[-1]) == (0, "9 cells: 0 same, 9 within, 0 differs")


def test_runs_that_fail_when_trained_again_are_no_success_and_no_difference(bench, results, elsewhere, monkeypatch):
    monkeypatch.setattr(verify, "trial", failed)
    code, out, _ = bench("verify", results, "--retrain", 1)
    assert code == 1
    assert out.endswith(": could not be checked: why\n")
    assert "differs" not in out


def test_a_run_trained_again_here_that_gives_another_number_is_named(bench, results, monkeypatch):
    monkeypatch.setattr(verify, "trial", raised)
    code, out, _ = bench("verify", results, "--retrain", 1)
    assert code == 1
    assert next(line for line in out.splitlines() if "reconstruction" in line).startswith("differs")


def test_scoring_that_fails_is_no_success(bench, results, monkeypatch):
    monkeypatch.setattr(verify, "trial", failed)
    code, out, _ = bench("verify", results)
    assert code == 1
    assert out.count("could not be checked: why") == 4
    assert ": 0 runs differ, 0 are damaged, 4 could not be checked" in out


def test_scores_of_reproducible_runs_are_made_again_with_their_kernels(bench, results, elsewhere, monkeypatch):
    """By a process that is told so before it loads anything; they are the same on any processor."""
    store, asked = Store(results), []
    for record in list(store):
        stated = record.environment | {f"pinned_{name}": value for name, value in REPRODUCIBLE.items()}
        kept = Artefacts(store.history(record.key), store.posterior(record.key), scores=store.scores(record.key))
        shutil.rmtree(results / record.key)
        store.put(msgspec.structs.replace(record, environment=stated), kept)
    monkeypatch.setattr(verify, "result_of", lambda job, means: asked.append(job) or trial(job))
    code, out, _ = bench("verify", results)
    assert (code, "compared exactly: 0 runs differ" in out) == (0, True)
    assert [job.reproducible for job in asked] == [True] * 4
