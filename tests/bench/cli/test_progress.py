import io

import pytest
from rich.console import Console

from bench.cli.progress import describe, outcome, shown
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
    assert [line.split(",")[0] for line in lines] == ["1/3 (0 failed", "2/3 (1 failed", "3/3 (2 failed"]
    assert lines[2].endswith("vae seed=0: diverged at update 17: a loss that is not finite")  # not wrapped


def test_a_bar_at_a_terminal(results):
    console = Console(file=io.StringIO(), width=160, force_terminal=True, color_system=None)
    assert list(shown(results, 3, 2, console)) == results
    written = console.file.getvalue()
    assert all(outcome(result) in written for result in results)
    assert "3/3" in written
    assert "0 running, 2 failed" in written
