"""The decomposition against Gaussians, whose every term is known, and against grids, by quadrature."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics._codes import MetricError
from metrics._kl_decomposition import _log_mixture, _Mixture, kl_decomposition


def gaussian(n, d, nats, correlation=0.0, seed=0):
    """n posteriors N(a x, s^2) of correlated normal x, nats / d in each dimension; and the true terms."""
    rng = np.random.default_rng(seed)
    noise = np.exp(-2 * nats / d)
    source = np.full((d, d), correlation) + (1 - correlation) * np.eye(d)
    mu = np.sqrt(1 - noise) * rng.standard_normal((n, d)) @ np.linalg.cholesky(source).T
    total = (1 - noise) * source + noise * np.eye(d)
    log_det = np.linalg.slogdet(total)[1]
    return (
        mu,
        np.full((n, d), np.log(noise)),
        {"I": 0.5 * (log_det - d * np.log(noise)), "TC": -0.5 * log_det},
    )


def interval(values, name):
    return values[f"{name}_lower"], values[f"{name}_upper"]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), population=st.sampled_from([60, 200, np.inf]))
def test_the_terms_add_up_to_the_kl_in_closed_form(seed, population):
    rng = np.random.default_rng(seed)
    mu, logvar = rng.standard_normal((2, 60, 3)) * rng.uniform(0, 3)
    v = kl_decomposition(mu, logvar, rng, population=population, n_samples=50).values
    assert v["kl"] == pytest.approx(0.5 * np.mean(np.sum(mu**2 + np.exp(logvar) - 1 - logvar, axis=1)))
    assert v["mutual_information"] + v["total_correlation"] + v["dimension_kl"] == pytest.approx(v["kl"])
    assert v["mutual_information_lower"] <= v["mutual_information"] <= v["mutual_information_upper"]
    assert v["total_correlation_lower"] <= v["total_correlation"] <= v["total_correlation_upper"]


@pytest.mark.parametrize("population", [4000, np.inf])
@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_little_information_is_found_from_either_side(population, correlation):
    mu, logvar, true = gaussian(4000, 4, 2.0, correlation)
    v = kl_decomposition(mu, logvar, np.random.default_rng(1), population=population).values
    assert v["mutual_information"] == pytest.approx(true["I"], abs=0.06)
    assert v["total_correlation"] == pytest.approx(true["TC"], abs=0.06)
    assert v["dimension_kl"] == pytest.approx(0, abs=0.06)
    assert np.ptp(interval(v, "mutual_information")) < 0.1


@pytest.mark.parametrize("correlation", [0.0, 0.5])
@pytest.mark.parametrize("nats", [12.0, 20.0])
def test_much_information_is_not_capped_at_the_logarithm_of_the_rows(nats, correlation):
    mu, logvar, true = gaussian(5000, 10, nats, correlation)
    v = kl_decomposition(mu, logvar, np.random.default_rng(1), population=np.inf, n_samples=500).values
    assert v["mutual_information"] == pytest.approx(true["I"], abs=0.1)
    assert v["total_correlation"] == pytest.approx(true["TC"], abs=0.1)
    assert v["dimension_kl"] == pytest.approx(0, abs=0.15)
    assert v["mutual_information_lower"] <= np.log(5000) < true["I"]
    assert v["total_correlation_upper"] > true["TC"]


def test_12_nats_of_a_data_set_that_is_wholly_in_the_mixture():
    # 163,000 observations that never overlap hold ln 163,000 = 12.0 nats, of which each of two coordinates holds half.
    a, b = np.divmod(np.arange(163_000), 404)
    mu = np.stack([a - 201.5, b - 201.5], axis=1)
    sizes = {"n_samples": 60, "n_marginal": 163_000}
    v = kl_decomposition(mu, np.full_like(mu, -7.0), np.random.default_rng(0), population=163_000, **sizes).values
    assert v["mutual_information"] == pytest.approx(np.log(163_000), abs=1e-3)
    assert v["total_correlation"] == pytest.approx(0, abs=0.01)


def test_a_grid_with_overlap_agrees_with_quadrature():
    n, s = 400, 0.01
    line = np.linspace(-1.7, 1.7, n)
    t = np.linspace(-2, 2, 40_001)
    q = np.mean(np.exp(-0.5 * ((t[:, None] - line) / s) ** 2), axis=1) / (s * np.sqrt(2 * np.pi))
    of_one = -np.trapezoid(q * np.log(np.maximum(q, 1e-300)), t) - 0.5 * np.log(2 * np.pi * np.e * s**2)
    mu = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    sizes = {"n_samples": 100, "n_marginal": 20_000}
    scores = kl_decomposition(mu, np.full_like(mu, 2 * np.log(s)), np.random.default_rng(0), population=n**2, **sizes)
    assert of_one > 4
    assert scores.values["mutual_information"] == pytest.approx(
        2 * of_one, abs=5 * scores.values["mutual_information_se"]
    )
    assert scores.values["total_correlation"] == pytest.approx(0, abs=0.02)


def test_a_sample_of_a_data_set_brackets_what_the_whole_would_say():
    mu, logvar, _ = gaussian(60_000, 6, 9.0, 0.5)
    mu = np.tanh(mu)  # no Gaussian, so that no bound is exact
    whole = kl_decomposition(mu, logvar, np.random.default_rng(0), population=60_000).values
    part = kl_decomposition(mu[:6000], logvar[:6000], np.random.default_rng(0), population=60_000).values
    for name in ("mutual_information", "total_correlation"):
        lower, upper = interval(part, name)
        assert lower - 0.1 < whole[name] < upper + 0.1
        assert lower < upper


def test_collapsed_posteriors_hold_nothing():
    values = kl_decomposition(np.zeros((50, 3)), np.zeros((50, 3)), np.random.default_rng(0), population=50).values
    assert all(abs(x) < 1e-12 for x in values.values())


def test_dimensions_that_repeat_each_other_without_noise_are_no_error():
    rng = np.random.default_rng(0)
    mu = 1e3 * np.repeat(rng.standard_normal((500, 1)), 3, axis=1)
    values = kl_decomposition(mu, np.full_like(mu, -30.0), rng, population=np.inf).values
    assert all(np.isfinite(x) for x in values.values())
    assert values["total_correlation"] > 10


def test_dimensions_off_their_prior_are_told_from_dimensions_that_know():
    rng = np.random.default_rng(0)
    mu = np.stack([rng.standard_normal(3000) * np.sqrt(0.9), np.full(3000, 2.0)], axis=1)
    scores = kl_decomposition(mu, np.log([0.1, 1.0]) * np.ones((3000, 2)), rng, population=np.inf)
    np.testing.assert_allclose(scores.matrices["mutual_information"][:, 0], [0.5 * np.log(10), 0], atol=0.05)
    np.testing.assert_allclose(scores.matrices["dimension_kl"][:, 0], [0, 2], atol=0.1)


@pytest.mark.parametrize("weight", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("block", [1, 50, 10_000])
def test_the_mixture_by_hand(weight, block):
    rng = np.random.default_rng(0)
    mu, logvar = rng.standard_normal((2, 9, 2))
    own, rows = np.array([0, 3, 8, 3]), np.array([3, 1, 8, 5])
    z = rng.standard_normal((4, 2))
    density = np.exp(-0.5 * np.sum((z[:, None] - mu) ** 2 / np.exp(logvar) + logvar + np.log(2 * np.pi), axis=2))
    expected = []
    for s, n in enumerate(own):
        others = [m for m in rows if m != n]
        expected.append(np.log(weight * density[s, n] + (1 - weight) * density[s, others].mean()))
    np.testing.assert_allclose(_log_mixture(_Mixture(mu, logvar), z, own, rows, weight, block), expected)


def test_the_seed_reproduces_and_more_samples_than_rows_are_allowed():
    mu, logvar, _ = gaussian(30, 2, 2.0)
    a, b = (
        kl_decomposition(mu, logvar, np.random.default_rng(5), population=30, n_samples=100).values for _ in range(2)
    )
    assert a == b


@pytest.mark.parametrize(
    ("mu", "logvar", "arguments", "message"),
    [
        (np.zeros((3, 2)), np.zeros((3, 1)), {}, r"mu has shape \(3, 2\) and logvar \(3, 1\)"),
        (np.zeros((1, 2)), np.zeros((1, 2)), {}, "mu has 1 row"),
        (np.zeros((3, 2)), np.full((3, 2), np.inf), {}, "logvar column 0 holds inf in row 0"),
        (np.zeros((3, 2)), np.zeros((3, 2)), {"population": 2}, "population is 2, expected at least 3"),
        (np.zeros((3, 2)), np.zeros((3, 2)), {"n_samples": 0}, "n_samples is 0"),
    ],
)
def test_mistakes(mu, logvar, arguments, message):
    with pytest.raises(MetricError, match=message):
        kl_decomposition(mu, logvar, np.random.default_rng(0), **{"population": 3, **arguments})
