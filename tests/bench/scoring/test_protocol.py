import numpy as np
import pytest

from bench.errors import BenchError
from bench.scoring.protocol import EVALUATION_ROWS, grid, protocols_of


def test_the_default_protocols_have_ids_of_record():
    """Stored scores are found by them."""
    ids = {p.metric: p.id for p in protocols_of(["mig", "dci", "factorvae_score"], {}, ["mean"])}
    assert ids == {
        "mig": "mig:bins20-mean-n10000",
        "dci": "dci:mean-n10000-n_test5000-probetrees",
        "factorvae_score": "factorvae_score:batch64-eval_votes5000-mean-n_variance10000-prune_std0.05-votes10000",
    }


def test_each_combination_of_arguments_is_a_protocol():
    found = protocols_of(["mig"], {"mig": {"bins": [10, "20"], "n_train": 500}}, ["mean"])
    assert [p.id for p in found] == ["mig:bins10-mean-n500", "mig:bins20-mean-n500"]


def test_rows_that_a_protocol_reads(protocol_of):
    assert protocol_of("mig").rows == 10_000
    assert protocol_of("dci").rows == EVALUATION_ROWS
    assert protocol_of("factorvae_score").rows == 0
    assert (protocol_of("mig").on_table, protocol_of("factorvae_score").on_table) == (False, True)


@pytest.mark.parametrize(
    ("metric", "arguments", "message"),
    [
        ("mig", {"n_train": 15_001}, "mig: wants 15001 rows, a run keeps 15000"),
        ("dci", {"n_train": 12_000}, "dci: wants 17000 rows, a run keeps 15000"),
        ("mig", {"bins": [20, 1]}, "mig: bins is 1, expected at least 2"),
        ("mig", {"n_train": 0}, "mig: n_train is 0"),
        ("dci", {"probe": "tree"}, "dci: probe is 'tree'; expected one of trees, reference, linear"),
        ("factorvae_score", {"batch": 1}, "factorvae_score: batch is 1, expected at least 2"),
        ("explicitness", {"penalty": -1}, "explicitness: "),
    ],
)
def test_what_a_metric_would_refuse_is_refused_beforehand(metric, arguments, message):
    with pytest.raises(BenchError, match=message):
        protocols_of([metric], {metric: arguments}, ["mean"])


def test_default_arguments_are_not_tried(monkeypatch):
    def dci(sample, rng, *, n_train: int = 10, n_test: int = 5, probe: str = "trees"):
        raise AssertionError

    monkeypatch.setattr("bench.plugins.load", lambda kind, name: dci)
    assert len(protocols_of(["dci"], {}, ["mean"])) == 1


def test_a_metric_that_does_not_say_how_many_rows_it_reads_is_refused(monkeypatch):
    def odd(sample, rng, *, bins: int = 3):
        raise AssertionError

    monkeypatch.setattr("bench.plugins.load", lambda kind, name: odd)
    with pytest.raises(BenchError, match=r"^odd: reads a sample and has no argument n_train; [^\n]*$"):
        protocols_of(["odd"], {}, ["mean"])


def test_grid():
    assert list(grid({})) == [{}]
    assert list(grid({"a": [1, 2], "b": 3})) == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]
    assert len(list(grid({"a": np.arange(3).tolist(), "b": [1, 2]}))) == 6
