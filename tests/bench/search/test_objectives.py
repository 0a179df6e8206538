"""What an objective may be called; test_search.py has the searches."""

from bench.search import objectives


def test_a_score_that_names_its_rows_is_called_as_the_protocol_calls_it(monkeypatch):
    """Names are found by scoring a few rows of noise, and downstream_lr_60 is no score of a run."""
    monkeypatch.setattr(objectives, "ROWS", {"n_train": 60, "n_test": 30})
    monkeypatch.setattr(objectives, "_values_of", objectives._values_of.__wrapped__)
    (found,) = objectives.objectives(["downstream_gbt_10000"], {}, ["mean"])
    assert found.protocol.params["n_train"] == 10_000
    named = objectives._named("downstream", {}, ["mean"], None)
    assert named == ("downstream_lr_10", "downstream_lr_10000", "downstream_gbt_10", "downstream_gbt_10000")
