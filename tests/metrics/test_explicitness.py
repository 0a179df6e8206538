import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from metrics import _logistic
from metrics._codes import Codes, MetricError
from metrics.explicitness import _auc, explicitness

SIZES = {"n_train": 600, "n_test": 400}


def sample(n=1000, seed=0):
    rng = np.random.default_rng(seed)
    v = np.stack([rng.integers(2, size=n), rng.integers(4, size=n)], axis=1)
    return Codes(v + rng.standard_normal((n, 2)), v)


def test_reference(case):
    expected = case.expected["explicitness"]
    ours = explicitness(case.sample, np.random.default_rng(0), **case.sizes)
    converged = case.expected.get("explicitness_fully_converged_float64")
    if "test" in expected:
        assert ours.values["explicitness"] == pytest.approx(expected["test"], abs=expected["tol"])
        np.testing.assert_allclose(ours.per_factor["explicitness"], case.arrays["explicitness"][:, 1], atol=2e-3)
    if converged:
        assert ours.values["explicitness"] == pytest.approx(converged["test"], abs=1e-5)


def test_the_area_equals_scikit_learns_with_ties():
    z, v, _ = sample()
    z = np.round(z)
    probe = _logistic.fit(z, v[:, 1])
    p = np.round(np.exp(probe.log_probability(z)), 12).T
    assert _auc(probe, z, v[:, 1]) == pytest.approx(roc_auc_score(v[:, 1], p, multi_class="ovr"), abs=1e-12)


def test_collapsed_codes_score_one_half():
    _, v, _ = sample()
    assert (
        explicitness(Codes(np.full((1000, 3), 0.1), v), np.random.default_rng(0), **SIZES).values["explicitness"] == 0.5
    )


def test_factors_that_have_nothing_to_do_with_the_codes_score_one_half():
    scores = []
    for seed in range(20):
        z, v, _ = sample(seed=seed)
        shuffled = np.random.default_rng(100 + seed).permuted(v, axis=0)
        scores.append(explicitness(Codes(z, shuffled), np.random.default_rng(0), **SIZES).values["explicitness"])
    assert abs(np.mean(scores) - 0.5) < 4 * np.std(scores, ddof=1) / np.sqrt(20)


def test_linear_maps_of_the_codes_keep_a_perfect_score():
    _, v, _ = sample()
    z = np.eye(4)[v[:, 1]] @ np.random.default_rng(1).standard_normal((4, 4))
    assert explicitness(Codes(z, v[:, 1:]), np.random.default_rng(0), **SIZES).values["explicitness"] == 1


def test_a_value_absent_from_either_half_is_left_out_of_the_mean():
    z, v, _ = sample()
    only_train, only_test = v.copy(), v.copy()
    only_train[:5, 1] = 9
    only_test[-5:, 1] = 9
    for w in (only_train, only_test):
        score = explicitness(Codes(z, w), np.random.default_rng(0), **SIZES).per_factor["explicitness"]
        assert 0.6 < score[1] < 1
    disjoint = np.where(np.arange(1000) < 600, v[:, 0], v[:, 0] + 2)[:, None]
    assert explicitness(Codes(z, disjoint), np.random.default_rng(0), **SIZES).values["explicitness"] == 0.5


def test_a_factor_that_is_constant_in_either_half_is_nan():
    z, v, _ = sample()
    alone = explicitness(Codes(z, v), np.random.default_rng(0), **SIZES)
    for rows in (slice(0, 600), slice(600, None)):
        w = np.insert(v, 0, np.arange(1000) % 2, axis=1)
        w[rows, 0] = 1
        ours = explicitness(Codes(z, w), np.random.default_rng(0), **SIZES)
        assert np.isnan(ours.per_factor["explicitness"]).tolist() == [True, False, False]
        assert ours.values == alone.values
    w = np.where(np.arange(1000) < 600, v[:, 0], 1)[:, None]
    with pytest.raises(MetricError, match="no column that varies"):
        explicitness(Codes(z, w), np.random.default_rng(0), **SIZES)


def test_a_code_that_the_training_rows_hold_constant_is_dropped():
    z, v, _ = sample()
    late = np.where(np.arange(1000) < 600, 0.0, 1e6)[:, None]
    ours = explicitness(Codes(np.concatenate([z, late], axis=1), v), np.random.default_rng(0), **SIZES)
    assert ours.values == explicitness(Codes(z, v), np.random.default_rng(0), **SIZES).values
