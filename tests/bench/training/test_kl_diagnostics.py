import numpy as np
import pytest

from bench.execution.job import Job
from bench.execution.trial import trial
from bench.seeds import stream
from bench.training.encode import KL_TERMS, code_diagnostics, kl_diagnostics
from metrics._codes import Posterior
from metrics._kl_decomposition import kl_decomposition


def posterior(n, seed=0):
    rng = np.random.default_rng(seed)
    mu = rng.standard_normal((n, 3)) @ np.array([[1.0, 0.6, 0], [0, 1, 0], [0, 0, 0.01]])
    return Posterior(mu, np.full_like(mu, -2.0) * [1, 1, 0], np.zeros((n, 1), int), np.arange(n))


def drawn(whole, size, seed=0):
    """Rows drawn with replacement."""
    rows = np.random.default_rng(seed).integers(len(whole.mu), size=size)
    return Posterior(whole.mu[rows], whole.logvar[rows], whole.v[rows], rows)


def test_rows_that_come_twice_count_once():
    whole = posterior(300)
    often = kl_diagnostics(drawn(whole, 5_000), 300, np.random.default_rng(1))
    once = kl_diagnostics(whole, 300, np.random.default_rng(1))
    assert often == once  # 5,000 draws hold each of 300 rows
    assert often["mutual_information_lower"] == often["mutual_information_upper"]
    expected = kl_decomposition(whole.mu, whole.logvar, np.random.default_rng(2), population=300).values
    assert often["mutual_information_upper"] == pytest.approx(expected["mutual_information"], abs=0.1)
    assert often["total_correlation_lower"] == pytest.approx(expected["total_correlation"], abs=0.1)


def test_the_terms_add_up_and_bracket_what_the_whole_data_set_says():
    whole = posterior(4_000)
    some = drawn(whole, 3_000)
    found = kl_diagnostics(some, 4_000, np.random.default_rng(0))
    assert set(KL_TERMS) < set(found)
    kl = code_diagnostics(some, np.random.default_rng(0))["kl"]
    total = found["mutual_information_upper"] + found["total_correlation_lower"] + found["dimension_kl"]
    assert total == pytest.approx(kl, rel=0.05)
    truth = kl_decomposition(whole.mu, whole.logvar, np.random.default_rng(0), population=4_000).values
    assert found["mutual_information_lower"] - 0.1 < truth["mutual_information"]
    assert truth["mutual_information"] < found["mutual_information_upper"] + 0.1
    assert sum(found["mutual_information_per_dimension"]) == pytest.approx(
        found["mutual_information_upper"] + found["total_correlation_lower"]
    )
    assert len(found["dimension_kl_per_dimension"]) == 3


def test_a_record_holds_them(spec_of, toy):
    spec = spec_of(seed=4)
    result = trial(Job(spec))
    expected = kl_diagnostics(Posterior(**result.artefacts.posterior), len(toy), stream(4, "kl diagnostics"))
    assert {name: result.record.diagnostics[name] for name in expected} == expected
