"""benchmarks/reproduce.py, which holds a report's medians against published windows."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from bench.study.study import parse, protocols, read, seeds_of

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
INSIDE = {("vae", "mig"): 0.08, ("betavae", "mig"): 0.2, ("vae", "factorvae_score"): 0.6}
INSIDE |= {("factorvae", "factorvae_score"): 0.8}


@pytest.fixture
def reproduce(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import reproduce

    yield reproduce
    sys.modules.pop("reproduce")


@pytest.fixture
def said(reproduce, tmp_path, capsys):
    """The exit code and the last column of what is printed, for a summary of these medians and changed columns."""

    def call(medians, **changes):
        protocols = {"mig": reproduce.MIG, "factorvae_score": reproduce.FACTORVAE_SCORE}
        full = reproduce.SETUP | {"steps": 300_000, "n": 5} | changes
        rows = [
            full | {"method": method, "name": name, "protocol": protocols[name], "median": value}
            for (method, name), value in medians.items()
        ]
        pd.DataFrame(rows).to_csv(tmp_path / "summary.csv", index=False)
        code = reproduce.main([str(tmp_path)])
        return code, [line.split("|")[-2].strip() for line in capsys.readouterr().out.splitlines()[2:]]

    return call


def test_all_inside(said):
    assert said(INSIDE) == (0, ["passed"] * 4)


@pytest.mark.parametrize(("gate", "value"), [(("vae", "mig"), 0.45), (("factorvae", "factorvae_score"), 0.66)])
def test_outside(said, gate, value):
    code, words = said(INSIDE | {gate: value})
    assert (code, sorted(words)) == (1, ["outside", "passed", "passed", "passed"])


def test_shorter_or_fewer_is_no_result(said):
    assert said(INSIDE, steps=5000) == (3, ["reduced: 5,000 of 300,000 updates, 5 of 5 seeds; no result"] * 4)
    assert said(INSIDE, n=1) == (3, ["reduced: 300,000 of 300,000 updates, 1 of 5 seeds; no result"] * 4)


def test_another_setup_is_not_run(said):
    assert said(INSIDE, backbone="small") == (3, ["not run"] * 4)


def test_without_a_report(reproduce, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        reproduce.main([str(tmp_path)])
    assert f"no file {tmp_path}/summary.csv" in capsys.readouterr().err


def test_the_study_is_what_the_gates_ask_for(reproduce):
    study = parse(read("reproduce"), "reproduce")
    assert (study.steps, len(seeds_of(study))) == (reproduce.STEPS, reproduce.SEEDS)
    assert {name: getattr(study, name) for name in reproduce.SETUP} == reproduce.SETUP
    assert {gate.method for gate in reproduce.GATES} == set(study.methods)
    assert {gate.protocol for gate in reproduce.GATES} <= {p.id for p in protocols(study)}
