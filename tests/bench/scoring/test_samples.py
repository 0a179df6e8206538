"""Data sets that are a sample of observations: continuous factors, values that are not known, no whole grid."""

from dataclasses import replace

import numpy as np
import pytest

from bench import plugins
from bench.datasets import data_spec, load_dataset
from bench.errors import BenchError
from bench.execution.job import Job
from bench.execution.trial import trial
from bench.scoring.evaluate import evaluate, evaluation_rows, scores_of
from bench.scoring.protocol import EVALUATION_ROWS, Facts, Protocol, left_out, protocols_of
from bench.search.objectives import objectives
from bench.seeds import stream
from bench.testing import check_dataset
from metrics._codes import Codes, Posterior
from metrics.mcc import mcc
from metrics.mig import mig

NO_ORDER = Facts(unordered="x, y", kinds="unordered, unordered")


@pytest.fixture
def snapshots_of(installed):
    """The sample of tests/plugins: snapshots_of(rows=100)."""

    def make(**arguments):
        return load_dataset(data_spec("snapshots", arguments))

    return make


@pytest.fixture
def spec(spec_of):
    return spec_of(dataset=data_spec("snapshots", {}), likelihood="bernoulli")


def certain(dataset, z):
    """A posterior without uncertainty of every row of a data set."""
    every = np.arange(len(dataset))
    return Posterior(z, np.full_like(z, -np.inf), dataset.v, every, dataset.numbers_at(every))


def test_the_toy_sample_is_what_a_sample_has_to_be(installed):
    check_dataset("snapshots")


def test_rows_of_a_sample_are_drawn_without_replacement_and_are_complete(snapshots_of, spec):
    data = snapshots_of()
    rows = evaluation_rows(spec, data, 0)
    assert sorted(rows) == np.flatnonzero((data.v >= 0).all(axis=1)).tolist() == data.complete.tolist()
    assert len(rows) == 320
    assert rows.tolist() == evaluation_rows(spec, data, 0).tolist() != evaluation_rows(spec, data, 1).tolist()


def test_a_sample_is_scored_on_as_many_rows_as_any_data_set(snapshots_of, spec):
    many = snapshots_of(rows=EVALUATION_ROWS + 500, unknown=0.01)
    rows = evaluation_rows(spec, many, 0)
    assert len(set(rows.tolist())) == len(rows) == EVALUATION_ROWS
    assert Facts.of(many).rows == EVALUATION_ROWS


def test_rows_of_a_grid_are_drawn_as_ever(toy, spec_of):
    drawn = stream(3, "evaluation rows", 2).integers(24, size=15_000)
    assert evaluation_rows(spec_of(seed=3), toy, 2).tolist() == drawn.tolist()
    assert Facts.of(toy) == Facts()
    assert Facts().stated == {}


def test_a_complete_sample_scores_as_its_grid_does(toy, spec_of):
    """Each row once: exactly the mutual information of the grid, which draws from it only estimate."""
    z = toy.v @ np.array([[1.0, 0.3, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    sample = replace(toy, sampled=True)
    (protocol,) = protocols_of(["mig"], {}, ["mean"], Facts.of(sample))
    assert protocol.id == "mig:bins20-mean-n24"
    rows = evaluation_rows(spec_of(), sample, 0)
    scores = evaluate(protocol, protocol.drawn(certain(sample, z).rows(rows), 0, 0), 0, 0)
    exact = mig(Codes(z, toy.v), np.random.default_rng(0), n_train=24).values["mig"]
    assert scores.values["mig"] == pytest.approx(exact, abs=1e-12)
    drawn = certain(toy, z).rows(evaluation_rows(spec_of(), toy, 0))
    estimated = mig(drawn.codes(), np.random.default_rng(0)).values["mig"]
    assert estimated == pytest.approx(exact, abs=0.01)
    assert 0.3 < exact < 1


def test_facts_are_read_back_from_a_record(snapshots_of):
    facts = Facts.of(snapshots_of(unordered=True))
    assert facts.stated == {
        "rows": 320,
        "incomplete": "80 of 400 rows lack a value of bright (40), x (40)",
        "continuous": "x",
        "binning": "vwidth8",
        "unordered": "y",
        "kinds": "ordered, unordered, ordered",
    }
    assert Facts.read(facts.stated) == facts


def test_metrics_read_as_many_rows_as_there_are(snapshots_of):
    facts = Facts.of(snapshots_of())
    found = {p.metric: p for p in protocols_of(["mig", "dci", "mcc", "betavae_score"], {}, ["mean"], facts)}
    assert found["mig"].id == "mig:bins20-mean-n320-vwidth8"
    assert (found["dci"].params["n_train"], found["dci"].params["n_test"]) == (213, 107)
    assert found["mcc"].id == "mcc:mean-n320", "sees true values, no bins"
    assert found["betavae_score"].params["n_train"] == 10_000, "points, not rows"
    (given,) = protocols_of(["mig"], {"mig": {"n_train": 300}}, ["mean"], facts)
    assert given.params["n_train"] == 300
    with pytest.raises(BenchError, match="mig: wants 400 rows, a run keeps 320 for scoring; by default as many are"):
        protocols_of(["mig"], {"mig": {"n_train": 400}}, ["mean"], facts)


def test_a_metric_that_holds_factors_fixed_needs_rows_that_share_values(snapshots_of):
    metrics = ["mig", "factorvae_score", "betavae_score"]
    assert left_out(protocols_of(metrics, {}, ["mean"], Facts.of(snapshots_of()))) == []
    facts = Facts.of(snapshots_of(bins=60))
    assert facts.scattered == "x"
    reason = "it holds a factor's value fixed, and too few rows share one of x"
    expected = [f"not scored: {metric}: {reason}" for metric in metrics[1:]]
    assert left_out(protocols_of(metrics, {}, ["mean", "sample"], facts)) == expected


def test_a_metric_that_asks_for_an_order_leaves_out_factors_without(snapshots_of):
    facts = Facts.of(snapshots_of(unordered=True))
    found = protocols_of(["mig", "mcc", "r2"], {}, ["mean"], facts)
    assert [(p.lacking, p.without) for p in found] == [("", ""), ("", "y"), ("", "y")]
    assert [p.kinds for p in found] == [("ordered", "unordered", "ordered")] * 3
    assert left_out(found) == [f"not scored: {name} of y: it needs values in an order" for name in ("mcc", "r2")]


def test_a_metric_that_asks_for_an_order_needs_one():
    found = protocols_of(["mig", "mcc"], {}, ["mean"], NO_ORDER)
    assert [p.lacking for p in found] == ["", "it needs values in an order, and those of x, y have none"]


def test_a_search_refuses_an_objective_that_the_data_do_not_allow(snapshots_of):
    facts = Facts.of(snapshots_of(unordered=True))
    assert objectives(["mcc_pearson"], {}, ["mean"], facts)[0].protocol.id == "mcc:mean-n320"
    with pytest.raises(BenchError, match=r"^objective=mcc_pearson: mcc is not scored on this data set: it needs"):
        objectives(["mcc_pearson"], {}, ["mean"], NO_ORDER)
    assert objectives(["mig"], {}, ["mean"], facts)[0].protocol.id == "mig:bins20-mean-n320-vwidth8"


def test_rows_of_which_a_factor_is_not_known_have_no_part_in_scores(snapshots_of):
    data, rng = snapshots_of(), np.random.default_rng(0)
    z = rng.standard_normal((len(data), 3)).astype(np.float32)
    z[data.complete, 0] += data.v[data.complete, 1]
    for metric in ("mig", "dci", "factorvae_score", "mcc"):
        (p,) = protocols_of([metric], {}, ["mean"], Facts.of(data))
        every, whole = certain(data, z), certain(data, z).rows(data.complete)
        one, other = (scores_of([p], 1, 0, lambda p, r, x=x: x)[0].repeats[0].values for x in (every, whole))
        assert one == other


def test_true_values_are_seen_by_a_metric_of_their_order(snapshots_of):
    """The factors themselves, any shift and scale of them: a correlation of 1, where their bins would not reach it."""
    data = snapshots_of()
    v = data.numbers_at(data.complete)
    assert v[:, 2].tolist() == data.numbers["x"][data.complete].tolist()
    assert v[:, :2].tolist() == data.v[data.complete, :2].tolist()
    z = np.zeros((len(data), 3))
    z[data.complete] = -2 * v + 1
    p = Protocol("mcc", {"n_train": 320})
    assert evaluate(p, p.drawn(certain(data, z), 0, 0), 0, 0).values["mcc_pearson"] == pytest.approx(1, abs=1e-12)
    binned = mcc(Codes(z[data.complete], data.v[data.complete]), np.random.default_rng(0), n_train=320)
    assert 0.97 < binned.values["mcc_pearson"] < 0.999


def test_without_a_complete_row_a_run_is_trained_and_every_metric_says_why_not(spec_of, snapshots_of, monkeypatch):
    data = snapshots_of()
    v = data.v.copy()
    v[np.arange(400), np.arange(400) % 3] = -1
    none = replace(data, v=v, numbers={"x": np.where(v[:, 2] < 0, np.nan, data.numbers["x"])})
    monkeypatch.setattr("bench.execution.trial.load_dataset", lambda spec, write: none)
    protocols = protocols_of(["mig", "betavae_score"], {}, ["mean"], Facts.of(none))
    result = trial(Job(spec_of(dataset=data_spec("snapshots", {})), protocols))
    assert (result.record.status, result.trouble) == ("done", "")
    assert result.record.evaluation["rows"] == 0
    assert {r.skipped for s in result.artefacts.scores for r in s.repeats} == {"no row has a value of every factor"}
    assert np.isfinite(result.record.diagnostics["recon"])


def test_what_a_metric_refuses_is_skipped_with_its_own_words():
    (p,) = protocols_of(["mig"], {}, ["mean"], Facts(rows=10))
    found = evaluate(p, Codes(np.zeros((10, 2)), np.eye(10, 2, dtype=int)), 0, 0)
    assert (found.values, found.skipped) == ({}, "bins is 20, more than the 10 rows to be binned")


@pytest.mark.parametrize("name", ["split", "noise", "colour", "noisy_background", "correlated", "held_out"])
def test_wrappers_carry_a_sample_through(snapshots_of, name):
    needs = {"correlated": {"pairs": "y:x"}, "held_out": {"factors": "bright:y"}}
    data = snapshots_of(unordered=True)
    wrapped = plugins.load("wrapper", name)(data, **needs.get(name, {}))
    assert (wrapped.sampled, wrapped.binned, wrapped.unordered) == (True, "vwidth8", ("y",))
    assert wrapped.numbers is data.numbers
    assert wrapped.v is data.v
    assert set(wrapped.complete) <= set(data.complete)
    rows = wrapped.drawn(np.random.default_rng(0), (500,))
    named = {"correlated": [1, 2], "held_out": [0, 1]}.get(name, [])
    assert (data.v[rows][:, named] >= 0).all(), "a row is not drawn by a value that is not known"


def test_a_split_is_scored_on_the_complete_rows_of_its_part(snapshots_of, spec):
    data = plugins.load("wrapper", "split")(snapshots_of())
    rows = evaluation_rows(spec, data, 0)
    expected = np.intersect1d(data.parts["test"], np.flatnonzero((data.v >= 0).all(axis=1)))
    assert sorted(rows) == expected.tolist()
    assert Facts.of(data).rows == len(expected) < 60
