"""bench show: what is stored of a run, and a command that makes the same run."""

import json
import shlex
import shutil

import pytest

from bench.store.store import Store


@pytest.fixture
def runs(bench, four_runs, tmp_path):
    """A copy of the four runs' folder, in results/."""
    return Store(shutil.copytree(four_runs, tmp_path / "results" / "tiny"))


def test_the_command_shown_makes_a_run_of_the_same_key(run, bench, runs, tmp_path):
    key = next(record.key for record in runs if record.spec.method == "betavae")
    code, out, err = bench("show", key, "--json")
    assert (code, err) == (0, "")
    words = shlex.split(json.loads(out)["command"])
    assert words[:4] == ["python", "-m", "bench", "run"]
    assert bench("plan", *words[4:], "--no-calibration")[0] == 0
    assert run(*words[4:])[0] == 0
    again = Store(tmp_path / f"again-{key[:8]}")
    assert again.keys() == [key]
    assert [file.protocol for file in again.scores(key)] == [file.protocol for file in runs.scores(key)]


def test_the_command_shown_makes_the_same_scores(run, bench, runs, tmp_path):
    """By kinds of codes and evaluations, which are no part of a run."""
    assert run("--methods", "vae", "--seeds", 1, "--codes", "mean,sample", "--eval-repeats", 2, "--out", "more")[0] == 0
    store = Store(tmp_path / "more")
    (key,) = store.keys()
    words = shlex.split(json.loads(bench("show", key, "more", "--json")[1])["command"])
    assert run(*words[4:])[0] == 0
    again = Store(tmp_path / f"again-{key[:8]}")
    assert store.scored(key) == again.scored(key)
    assert set(store.scored(key).values()) == {2}


def test_a_prefix_will_do_and_the_text_has_spec_scores_costs_and_environment(bench, runs):
    key = runs.keys()[0]
    code, out, _ = bench("show", key[:10], "results/tiny")
    assert code == 0
    score = runs.scores(key)[0]
    for text in (f"key: {key}", "method: ", "seconds_training: ", "version_torch: ", score.protocol, "command: python"):
        assert text in out
    assert f"mig {score.repeats[0].values['mig']}" in out


@pytest.mark.parametrize(("key", "message"), [("", "begins the keys of 4 runs"), ("zz", "no run in results")])
def test_no_run_or_several_are_refused(bench, runs, key, message):
    code, _, err = bench("show", key)
    assert code == 2
    assert message in err


def test_a_damaged_run_is_said_to_be(bench, runs):
    key = runs.keys()[0]
    (runs.root / key / "run.json").write_bytes(b"{")
    code, _, err = bench("show", key)
    assert code == 2
    assert "damaged" in err
