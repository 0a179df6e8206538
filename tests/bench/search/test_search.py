"""Searches as a person sees them: proposals, budgets, failures, confirmation."""

import statistics
from pathlib import Path

import pytest

from bench.seeds import SEARCH_SEEDS
from bench.store.searches import read

BOTH = ("--methods", "betavae,infovae")


def proposals(search):
    return [tuple(trial.params.values()) for trial in search.trials]


def test_every_method_gets_the_same_trials_on_search_seeds(search, store, found):
    code, out, err = search(*BOTH, "--trials", 2)
    assert (code, err) == (0, "")
    assert "the choice uses labels" in out
    for one in found().values():
        assert [trial.state for trial in one.trials] == ["done"] * 2
        assert one.seeds == [SEARCH_SEEDS, SEARCH_SEEDS + 1]
        low, high = one.dimensions[0].low, one.dimensions[0].high
        assert all(low <= value <= high and value == float(f"{value:.3g}") for (value,) in proposals(one))
    assert {record.spec.seed for record in store} == {SEARCH_SEEDS, SEARCH_SEEDS + 1}
    assert len(store.keys()) == 2 * 2 * 2


def test_a_trial_has_the_median_of_its_runs(search, store, found):
    search("--methods", "betavae", "--trials", 2, "--seeds-per-trial", 3, "--objective", "mig,recon")
    for trial in found()["betavae"].trials:
        mig = [store.scores(key)[0].repeats[0].values["mig"] for key in trial.keys]
        recon = [store.record(key).diagnostics["recon"] for key in trial.keys]
        assert trial.values == [statistics.median(mig), statistics.median(recon)]
        assert trial.recon == statistics.median(recon)


def test_the_same_command_proposes_the_same_trials_and_trains_nothing_again(search, store, found):
    arguments = ("--methods", "betavae", "--sampler", "tpe")
    search(*arguments, "--trials", 12, "--out", "whole", "--seeds-per-trial", 1)
    search(*arguments, "--trials", 11, "--seeds-per-trial", 1)  # past the trials that TPE draws at random
    search(*arguments, "--trials", 12, "--seeds-per-trial", 1)  # prolonged
    (whole,) = read(store.root.parent.parent / "whole")
    assert proposals(found()["betavae"]) == proposals(whole)
    assert len(set(proposals(whole))) > 10
    before = {key: (store.root / key).stat().st_mtime_ns for key in store.keys()}  # noqa: SIM118  # not a mapping
    (store.root / "searches" / "journal.log").unlink()
    assert search(*arguments, "--trials", 12, "--seeds-per-trial", 1)[0] == 0
    after = {key: (store.root / key).stat().st_mtime_ns for key in store.keys()}  # noqa: SIM118
    assert after == before
    assert proposals(found()["betavae"]) == proposals(whole)


def test_another_search_seed_proposes_other_trials_on_other_runs(search, found):
    search("--methods", "betavae", "--trials", 2)
    first = found()["betavae"]
    search("--methods", "betavae", "--trials", 2, "--search-seed", 1, "--out", "results/other")
    (second,) = read(Path("results/other"))
    assert set(proposals(first)).isdisjoint(proposals(second))
    assert set(first.seeds).isdisjoint(second.seeds)


@pytest.mark.parametrize("sampler", ["random", "grid", "nsga2"])
def test_each_sampler_stays_within_bounds(search, found, sampler):
    arguments = ("--tune", "z_dim=2,4", "--tune", "lr=1e-4,1e-2", "--tune", "warmup=0,2", "--bounds", "beta=2,8")
    code, _, err = search(
        "--methods", "betavae", "--trials", 8, "--sampler", sampler, "--seeds-per-trial", 1, *arguments
    )
    assert (code, err) == (0, "")
    one = found()["betavae"]
    assert [d.name for d in one.dimensions] == ["beta", "z_dim", "lr", "warmup"]
    assert len(one.trials) == 8
    for trial in one.trials:
        assert trial.state == "done"
        assert all(d.low <= trial.params[d.name] <= d.high for d in one.dimensions)
        assert isinstance(trial.params["z_dim"], int)
    if sampler == "grid":
        assert len(set(proposals(one))) == 8


def test_a_trial_that_diverges_or_fails_is_told_with_its_reason_and_the_search_goes_on(search, store, found):
    tuned = ("--no-strength", "--tune", "lr=1e-4,1e-3", "--objective", "recon", "--trials", 2)
    code, out, _ = search("--methods", "unruly,vae", "--set", "unruly.nan_at=0", *tuned)
    assert code == 0
    assert "failed: seed 1000000: diverged" in out
    assert [t.state for t in found()["unruly"].trials] == ["failed"] * 2
    assert found()["unruly"].trials[0].reason.startswith("seed 1000000: diverged: a loss that is not finite")
    assert [t.state for t in found()["vae"].trials] == ["done"] * 2
    assert found()["unruly"].chosen is None
    search("--methods", "unruly", "--set", "unruly.raise_at=1", *tuned, "--out", "results/raised")
    (raised,) = read(Path("results/raised"))
    assert raised.trials[0].reason == "seed 1000000: failed: RuntimeError: as told to"


def test_the_best_is_trained_again_on_report_seeds(search, store, found):
    code, out, _ = search(*BOTH, "--trials", 2, "--seeds-per-trial", 1, "--confirm", 2)
    assert code == 0
    assert "highest median mig" in out
    for one in found().values():
        best = max(one.trials, key=lambda t: t.values[0])
        assert one.chosen == best.number
        assert one.confirm_seeds == [0, 1]
        for key, seed in zip(one.confirmed, one.confirm_seeds, strict=True):
            spec = store.record(key).spec
            assert spec.seed == seed
            assert spec.params[one.strength] == best.params[one.strength]
            assert spec.key not in best.keys


def test_of_several_objectives_the_first_score_decides_on_the_front(search, found):
    search("--methods", "betavae", "--trials", 4, "--objective", "recon,mig", "--bounds", "beta=1,500", "--lr", "0.01")
    one = found()["betavae"]
    best = max(t.values[1] for t in one.trials)
    assert next(t for t in one.trials if t.number == one.chosen).values[1] == best
    assert one.rule == "highest median mig among the trials that no other dominates"
    assert one.sampler == "nsga2"


def test_udr_needs_no_labels_and_compares_a_trials_runs(search, store, found):
    from bench.scoring.udr import agreement

    learns = ("--steps", 150, "--lr", 0.01, "--bounds", "beta=0.01,0.1", "--seeds-per-trial", 5)
    code, out, _ = search("--methods", "betavae", "--trials", 1, "--objective", "udr", *learns)
    assert code == 0
    assert "labels" not in out
    (trial,) = found()["betavae"].trials
    assert trial.values[0] > 0
    assert trial.values == [statistics.median(agreement(store, [store.record(key) for key in trial.keys]))]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--objective", "mgi"), "unknown objective 'mgi': choose from "),
        (("--objective", "recon"), "objective=recon: over beta it picks by construction"),
        (("--objective", "recon,elbo"), "objective=recon,elbo: over beta it picks by construction"),
        (("--objective", "udr", "--seeds-per-trial", "4"), "seeds-per-trial=4: udr needs at least 5 runs"),
        (("--sampler", "tpo"), "unknown sampler 'tpo': choose from tpe, nsga2, random, grid (did you mean tpe?)"),
        (("--bounds", "beta=8,2"), "bounds beta=8,2: expected the lower bound first"),
        (("--bounds", "beta=0,2"), "bounds beta=0,2: a logarithmic scale has no 0"),
        (("--bounds", "beta=2"), "bounds=beta=2: expected NAME=LOW,HIGH"),
        (("--bounds", "beta=1,inf"), "bounds beta=1,inf: expected finite numbers"),
        (("--bounds", "gamma=1,2"), "unknown strength in bounds 'gamma': choose from beta, betavae.beta"),
        (("--tune", "lr=0,1"), "bounds lr=0,1: a logarithmic scale has no 0"),
        (("--tune", "z_dim=0,3"), "tune=z_dim=0,3: expected at least 1"),
        (("--tune", "z_dim=1.5,3"), "tune=z_dim=1.5,3: expected whole numbers"),
        (("--tune", "steps=1,2"), "unknown number to tune 'steps': choose from lr, z_dim, warmup"),
        (("--no-strength",), "no-strength: expected something else to search"),
        (("--methods", "vae"), "methods=vae: has no strength to search"),
        (("--set", "mig.bins=10,20"), "objective=mig: 2 protocols of mig"),
        (("--z-dim", "2,3"), "z_dim=2,3: a search has one value"),
        (("--set", "small.width=0.25,0.5"), "small.width=0.25,0.5: a search has one value"),
        (("--storage", "nonsense"), "storage: not the URL of a database"),
        (
            ("--storage", "postgresql://me:secret@127.0.0.1:1/x"),
            "storage=postgresql+psycopg://me:***@127.0.0.1:1/x: cannot be used: ",
        ),
    ],
)
def test_a_mistake_is_one_line(search, arguments, message):
    code, _, err = search("--methods", "betavae", "--trials", 1, *arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"error: {message}")
    assert "secret" not in err


def test_without_a_name_the_methods_with_a_strength_are_searched(search, found):
    assert search("--trials", 1)[0] == 0
    assert list(found()) == ["betavae"]
