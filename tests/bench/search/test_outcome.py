"""What a search is written down as; what is computed beside its trials costs nothing but itself where it fails."""

import msgspec
import optuna
import pytest

from bench.execution.leases import Leases
from bench.search import outcome as module
from bench.search.objectives import Objective
from bench.search.outcome import outcome, with_importances, with_udr
from bench.search.trials import MethodSearch, Plan
from bench.store import searches
from bench.store.searches import Dimension


@pytest.fixture
def of_values(spec_of, store, tmp_path):
    """A search of beta whose trials, at 1 and 2 and so on, have these values of elbo."""

    def make(*values):
        plan = Plan("betavae", "beta", spec_of("betavae", {"beta": 4}), (Dimension(name="beta", low=1.0, high=9.0),),
                    (Objective("elbo"),), "random", 0, (1_000_000,), len(values))  # fmt: skip
        search = MethodSearch(plan, optuna.storages.InMemoryStorage(), Leases(tmp_path / "leases"))
        for beta, value in enumerate(values, start=1):
            given = {
                "params": {"beta": float(beta)},
                "distributions": {"beta": optuna.distributions.FloatDistribution(1, 9)},
            }
            search.study.add_trial(optuna.trial.create_trial(value=value, **given))
        return search

    return make


def test_nearly_equal_values_have_no_importances_and_the_reason_is_told(of_values, store):
    search = of_values(1e-9, 2e-9)  # apart by less than a tree tells apart, on any processor
    found = with_importances(outcome(search, store), search)
    assert found.importances == {}
    assert found.left_out == {"importances for elbo": "RuntimeError: Encountered zero total variance in all trees."}
    assert found.chosen == 1


def test_what_can_be_had_is_there_and_nothing_is_left_out(of_values, store):
    search = of_values(1.0, 2.0, 3.0)
    found = with_importances(outcome(search, store), search)
    assert found.importances == {"elbo": {"beta": pytest.approx(1.0)}}
    assert found.left_out == {}


def test_udr_that_fails_is_told_beside_what_was_left_out_before(of_values, store):
    search = of_values(1.0, 2.0)
    found = msgspec.structs.replace(outcome(search, store), confirmed=["0" * 16] * 5, left_out={"a": "b"})
    again = with_udr(found, store)
    assert again.confirmed_udr == {}
    assert again.left_out == {"a": "b", "UDR": again.left_out["UDR"]}
    assert again.left_out["UDR"].startswith("Damaged: ")


def test_a_search_is_written_before_its_importances_and_outlives_them(search, store, monkeypatch):
    seen = []

    def broken(*_, **__):
        seen.extend(searches.read(store.root))
        raise RuntimeError("as told to")

    monkeypatch.setattr(module, "get_param_importances", broken)
    tuned = ("--no-strength", "--tune", "lr=1e-4,1e-1", "--objective", "recon")
    code, out, err = search("--methods", "vae", "--trials", 2, "--seeds-per-trial", 1, "--confirm", 1, *tuned)
    assert (code, err) == (0, "")
    assert "vae: left out importances for recon: RuntimeError: as told to\n" in out
    (found,) = searches.read(store.root)
    assert seen[0].chosen == found.chosen is not None
    assert seen[0].confirmed == found.confirmed
    assert found.confirmed[0] in store.keys()  # noqa: SIM118  # not a mapping
    assert found.left_out == {"importances for recon": "RuntimeError: as told to"}
