"""Runs on wrapped data sets, from the command line to the tables."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from bench.datasets import load_dataset
from bench.report.collect.groups import collect, groups
from bench.report.tables.rows import run_rows, score_rows, summary_rows
from bench.store.store import Store

WRAPPED = {
    "correlated": (("correlated.pairs=y:x", "correlated.sigma=0.2"), "toy+correlated(pairs=y:x,sigma=0.2)"),
    "held_out": (("held_out.where=y=2,x>=2",), "toy+held_out(fraction=0.25,seed=0,where=y=2,x>=2)"),
    "noise": (("noise.level=0.05",), "toy+noise(level=0.05,seed=0)"),
    "correlated,decorrelate": (
        ("correlated.pairs=y:x,bright:x",),
        "toy+correlated(pairs=y:x,bright:x,sigma=0.2)+decorrelate()",
    ),
    "split": (("split.train=0.5", "split.validation=0.2"), "toy+split(score=test,seed=0,train=0.5,validation=0.2)"),
    "colour": ((), "toy+colour(low=0.5,seed=0)"),
    "noisy_background,noise": ((), "toy+noisy_background(seed=0)+noise(level=0.1,seed=0)"),
    "dimmed": (("dimmed.top=99",), "toy+dimmed(top=99)"),
}


def rows(file):
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def options(wrap, settings):
    return ["--wrap", wrap, *(word for setting in settings for word in ("--set", setting))]


@pytest.mark.parametrize("wrap", WRAPPED)
def test_every_row_says_what_the_data_set_was_wrapped_in(run, wrap):
    settings, label = WRAPPED[wrap]
    command = [*options(wrap, settings), "--seeds", "1", "--methods", "vae", *METRICS]
    code, out, err = run(*command)
    assert (code, err) == (0, "")
    assert f"({label}, backbone small" in out
    runs = collect({"results": Store(Path("results/tiny"))})
    assert {row["dataset"] for row in [*run_rows(runs), *score_rows(runs), *summary_rows(groups(runs))]} == {label}
    for setting in settings:
        column, value = setting.split("=", 1)
        assert [str(row[f"wrap.{column}"]) for row in run_rows(runs)] == [value]
    assert "1 run in results/tiny, 1 already done" in run(*command)[1]


METRICS = (
    "--metrics",
    "mig,factorvae_score",
    "--set",
    "factorvae_score.votes=200",
    "--set",
    "factorvae_score.eval_votes=100",
)
BOTH = ("--wrap", "split,noise", "--set", "split.train=0.5", "--set", "split.validation=0.2")


def test_cells_of_the_same_name_never_mix(run):
    for level in ("0.1", "0.2"):
        assert run("--wrap", "noise", "--set", f"noise.level={level}", "--seeds", "1", "--methods", "vae")[0] == 0
    assert run("--seeds", "1", "--methods", "vae")[0] == 0
    summary = summary_rows(groups(collect({"results": Store(Path("results/tiny"))})))
    assert {row["dataset"] for row in summary} == {"toy", *(f"toy+noise(level={n},seed=0)" for n in (0.1, 0.2))}
    assert {row["n_done"] for row in summary} == {1}


def test_a_run_is_the_same_again_and_verifies(run, bench):
    for folder in "ab":
        assert run(*BOTH, "--methods", "vae", "--seeds", "1", "--out", folder)[0] == 0
    for one, other in zip(Store(Path("a")), Store(Path("b")), strict=True):
        assert one.diagnostics == other.diagnostics
        assert {"recon_train", "recon_validation", "recon_test", "mse_test"} <= one.diagnostics.keys()
        again = (Store(Path(folder)).posterior(one.key) for folder in "ab")
        for a, b in zip(*(p.values() for p in again), strict=True):
            assert np.array_equal(a, b)
    code, out, _ = bench("verify", "a", "--weights", "--retrain", "1")
    assert code == 0, out


def test_rows_that_are_scored_are_of_the_test_part(run):
    assert run(*BOTH, "--seeds", "1")[0] == 0
    store = Store(Path("results/tiny"))
    for record in store:
        test = load_dataset(record.spec.dataset).parts["test"]
        assert set(store.posterior(record.key)["index"]) == set(test)


def test_baselines_and_agreement_of_seeds_use_the_wrapped_data_set(run, bench):
    assert run(*BOTH, "--seeds", "5", "--methods", "vae", *METRICS)[0] == 0
    assert bench("baselines", "results/tiny", "--seeds", "1")[0] == 0
    assert bench("score", "--runs", "results/tiny", "--udr")[0] == 0
    assert bench("report", "results/tiny", "--out", "reports")[0] == 0
    runs = rows(Path("reports/tiny/runs.csv"))
    assert {"chance", "untrained", "pca", "ica", "supervised", "ceiling", "vae"} == {row["method"] for row in runs}
    assert len({row["dataset"] for row in runs}) == 1
    assert next(row for row in runs if row["method"] == "untrained")["diagnostic.recon_validation"]
    report = Path("reports/tiny/report.md").read_text()
    assert "then noise" in report
    assert "reconstruction, validation" in report


def test_arguments_of_wrappers_are_read_from_a_file(bench):
    Path("mine.toml").write_text(
        Path("tiny.toml").read_text().replace('dataset = "toy"', 'dataset = "toy"\nwrap = ["held_out", "correlated"]')
        + '[set.held_out]\nfactors = "bright:x"\nseed = 4\n[set.correlated]\npairs = ["y:x", "bright:y"]\n'
    )
    code, out, _ = bench("plan", "--study", "mine.toml", "--no-calibration")
    assert code == 0
    assert "4 would be trained" in out


def test_they_are_listed(bench):
    code, out, _ = bench("list", "wrappers")
    assert code == 0
    assert re.search(r"^correlated\(pairs=, sigma=0.2\): Correlated factors\. Träuble", out, re.MULTILINE)
    assert "dimmed(top=100)" in out


MISTAKES = [
    (("--wrap", "noize"), "unknown wrapper 'noize': choose from ", "(did you mean noise?)"),
    (("--wrap", "noise,noise"), "wrap=noise,noise: expected each once", ""),
    (("--wrap", "noise", "--set", "noise.level=0"), "noise.level=0.0: expected", "above 0"),
    (("--wrap", "noise", "--set", "noise.level=0.1,0.2"), "noise.level=['0.1', '0.2']: a study has one data set", ""),
    (("--wrap", "noise", "--set", "noise.sd=1"), "unknown argument of noise 'sd': choose from level, seed", ""),
    (("--wrap", "correlated"), "correlated.pairs=: expected pairs of factors", "the factors are bright, y, x"),
    (("--wrap", "correlated", "--set", "correlated.pairs=x:z"), "unknown factor 'z'", "choose from bright, y, x"),
    (("--wrap", "split", "--set", "split.train=0.95"), "split.train=0.95, split.validation=0.1", "a sum below 1"),
    (("--wrap", "colour,noisy_background,colour"), "each once", ""),
    (("--wrap", "noisy_background,colour"), "colour: expected images of 1 channel, given images of 3 x 8 x 8", ""),
    (("--wrap", "decorrelate"), "decorrelate: training draws these factors independently", ""),
    (("--wrap", "held_out,split", "--set", "held_out.factors=y:x"), "split: put it before", "seen, unseen"),
]


@pytest.mark.parametrize(("given", "told", "rule"), MISTAKES)
def test_a_mistake_is_one_line_before_anything_is_written(run, given, told, rule):
    before = sorted(Path().rglob("*"))
    code, out, err = run(*given)
    assert code == 2
    assert (told in err, rule in err, out) == (True, True, "")
    assert len(err.splitlines()) == 1
    assert sorted(Path().rglob("*")) == before
