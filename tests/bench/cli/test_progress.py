import io
from dataclasses import replace

import pytest
from rich.console import Console

from bench.cli.progress import collapsed, describe, fate, outcome, plural, shown
from bench.execution.job import Job, Result
from bench.spec import Record, Repeat, ScoreFile
from bench.store.files import Artefacts


@pytest.fixture
def results(spec_of):
    def result(spec, status="done", **changes):
        scores = [ScoreFile(protocol="p", metric="m", params={}, repeats=[Repeat(repeat=0, values={"mig": 0.25})])]
        record = Record(key=spec.key, spec=spec, status=status, **changes)
        return Result(Job(spec), record, Artefacts(scores=scores if status == "done" else []))

    return [
        result(spec_of("betavae", {"beta": 4}, seed=2)),
        result(spec_of("unruly"), "failed", error="Traceback:\n  in x\nRuntimeError: as told to\n"),
        result(spec_of(), "diverged", error="a loss that is not finite", step=17),
    ]


def test_a_run_in_a_few_words(spec_of):
    assert describe(spec_of("vae", seed=3)) == "vae seed=3"
    assert describe(spec_of("infovae", {"lambda_": 1000})) == "infovae alpha=0 bandwidth=2 lambda=1000 seed=0"


def test_what_came_of_a_job(results):
    assert [outcome(result) for result in results] == [
        "betavae beta=4 seed=2: mig 0.250",
        "unruly nan_at=-1 raise_at=-1 seed=0: failed: RuntimeError: as told to",
        "vae seed=0: diverged at update 17: a loss that is not finite",
    ]


def test_plain_lines_elsewhere_than_at_a_terminal(results):
    console = Console(file=io.StringIO(), width=40)
    assert list(shown(results, 3, 1, console)) == results
    lines = console.file.getvalue().splitlines()
    told = [line.partition(" left)")[0].rpartition(", ")[0] for line in lines]
    assert told == ["1/3 (0 failed", "2/3 (1 failed", "3/3 (1 failed, 1 diverged"]
    assert lines[2].endswith("vae seed=0: diverged at update 17: a loss that is not finite")  # not wrapped


def test_a_bar_at_a_terminal(results):
    console = Console(file=io.StringIO(), width=160, force_terminal=True, color_system=None)
    assert list(shown(results, 3, 2, console)) == results
    written = console.file.getvalue()
    assert all(outcome(result) in written for result in results)
    assert "3/3" in written
    assert "0 running, 1 failed, 1 diverged" in written


def test_counts_and_their_nouns():
    assert [plural(n, "run") for n in (0, 1, 2, 12_600)] == ["0 runs", "1 run", "2 runs", "12,600 runs"]


def test_a_collapse_is_told(spec_of):
    """Runs that are done and know nothing; the others are not counted, nor are runs that are not done."""

    def record(method, lost, status="done"):
        spec = spec_of(method)
        return Record(key=spec.key, spec=spec, status=status, diagnostics={"collapsed": lost})

    assert collapsed([record("vae", False), record("vae", True, "failed")]) == []
    (line,) = collapsed([record("vae", True), record("vae", False), record("factorvae", True), record("vae", True)])
    assert line.startswith("collapsed: 3 of 4 runs (vae 2, factorvae 1): no latent unit is active")


def test_what_fails_is_what_the_exit_code_tells_of(results):
    assert [fate(result) for result in results] == ["done", "failed", "diverged"]
    assert fate(replace(results[0], trouble="a metric failed")) == "failed"
