from itertools import permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from metrics._codes import Codes, MetricError
from metrics.mcc import _assigned, mcc


def sample(n=500, d=4, k=3, seed=0):
    rng = np.random.default_rng(seed)
    v = rng.integers(5, size=(n, k))
    return Codes(v @ rng.standard_normal((k, d)) + 0.1 * rng.standard_normal((n, d)), v)


def test_matrices_are_the_known_correlations():
    z, v, _ = sample()
    ours = mcc(Codes(z, v), np.random.default_rng(0), n_train=500)
    np.testing.assert_allclose(ours.matrices["mcc_pearson"], np.abs(np.corrcoef(z.T, v.T)[:4, 4:]), atol=1e-12)
    np.testing.assert_allclose(ours.matrices["mcc_spearman"], np.abs(spearmanr(z, v).statistic[:4, 4:]), atol=1e-12)


def test_the_assignment_is_the_best_of_all():
    r = np.random.default_rng(0).random((5, 3))
    best = max(np.mean([r[j, k] for k, j in enumerate(rows)]) for rows in permutations(range(5), 3))
    assert _assigned(r).mean() == pytest.approx(best)


def test_monotone_codes_have_spearman_1_and_signs_do_not_matter():
    _, v, _ = sample()
    ours = mcc(Codes(-np.exp(v[:, [2, 0, 1]]), v), np.random.default_rng(0), n_train=500)
    assert ours.values["mcc_spearman"] == pytest.approx(1)
    assert ours.values["mcc_pearson"] < 0.95


def test_one_dimension_serves_one_factor_only():
    v = np.repeat(np.arange(5), 20)[:, None] * np.ones(2, int)
    assert mcc(Codes(v[:, :1], v), np.random.default_rng(0), n_train=100).values["mcc_pearson"] == pytest.approx(0.5)


def test_collapsed_codes_score_0_and_constant_factors_are_nan():
    z, v, _ = sample()
    assert mcc(Codes(np.full_like(z, 0.1), v), np.random.default_rng(0), n_train=500).values["mcc_pearson"] == 0
    with_constant = Codes(z, np.insert(v, 1, 2, axis=1))
    ours, alone = (mcc(c, np.random.default_rng(0), n_train=500) for c in (with_constant, Codes(z, v)))
    assert np.isnan(ours.per_factor["mcc_pearson"]).tolist() == [False, True, False, False]
    assert ours.values == pytest.approx(alone.values)


def test_an_unordered_factor_is_left_out_and_takes_no_dimension():
    z, v, _ = sample()
    shape = np.argsort(np.random.default_rng(1).random(5))[v[:, [0]]]
    kinds = ("unordered", "ordered", "ordered", "ordered")
    with_shape = mcc(Codes(z, np.hstack([shape, v]), kinds), np.random.default_rng(0), n_train=500)
    assert with_shape.values == pytest.approx(mcc(Codes(z, v), np.random.default_rng(0), n_train=500).values)
    assert np.isnan(with_shape.per_factor["mcc_pearson"]).tolist() == [True, False, False, False]
    with pytest.raises(MetricError, match="no factor that varies has values in an order"):
        mcc(Codes(z, shape, ("unordered",)), np.random.default_rng(0), n_train=500)
