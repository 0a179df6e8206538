import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from metrics._codes import MetricError
from metrics._udr import _lasso, _one_to_one, _scaled, udr

N = 1000


def models(count=6, d=4, seed=0):
    """Models that found the same d sources, each in its own order and signs, with a dimension that it switched off."""
    rng = np.random.default_rng(seed)
    sources = rng.standard_normal((N, d))
    out = []
    for _ in range(count):
        mu = sources[:, rng.permutation(d)] * rng.choice([-1, 1], d) + 0.01 * rng.standard_normal((N, d))
        off = 1e-3 * rng.standard_normal((N, 1))
        out.append((np.concatenate([mu, off], axis=1), np.concatenate([np.full((N, d), -4.0), 0 * off], axis=1)))
    return out


def test_lasso_equals_scikit_learns():
    rng = np.random.default_rng(0)
    x = _scaled(rng.standard_normal((200, 5)) @ rng.standard_normal((5, 5)))
    y = _scaled(x @ rng.standard_normal((5, 3)) + rng.standard_normal((200, 3)))
    reference = Lasso(alpha=0.1, tol=1e-10).fit(x, y)
    np.testing.assert_allclose(_lasso(x, y, 0.1), reference.coef_.T, atol=1e-6)


def test_lasso_of_a_constant_dimension_is_0():
    x = _scaled(np.stack([np.arange(10.0), np.full(10, 0.1)], axis=1))
    np.testing.assert_allclose(_lasso(x, x, 0.1), [[0.9, 0], [0, 0]])


def test_one_to_one_by_hand():
    assert _one_to_one(np.eye(3)[[2, 0, 1]]) == 1
    assert _one_to_one(np.full((4, 2), 0.5)) == pytest.approx((0.5 / 4 + 0.5 / 2) / 2)
    assert _one_to_one(np.array([[1.0, 0.0], [0.0, 0.0]])) == 0.5
    assert _one_to_one(np.zeros((0, 3))) == 0


def test_models_that_found_the_same_codes_agree():
    ours = udr(models())
    # The Lasso shrinks a perfect match of coefficient 1 by alpha, and max^2 / sum with it.
    np.testing.assert_allclose(ours.lasso, 0.9, atol=0.01)
    assert ours.lasso.shape == ours.spearman.shape == (6,)
    assert (ours.spearman > 0.85).all()
    assert np.isnan(np.diag(ours.lasso_pairs)).all()


def test_models_that_mix_the_sources_agree_less():
    rng = np.random.default_rng(1)
    mixed = [(mu[:, :4] @ np.linalg.qr(rng.standard_normal((4, 4)))[0], logvar[:, :4]) for mu, logvar in models()]
    same = udr(models())
    ours = udr(mixed)
    assert (ours.lasso < same.lasso - 0.2).all()
    assert (ours.spearman < same.spearman - 0.2).all()


def test_pairs_equal_the_definition():
    some = [
        (mu[:, :4] @ np.random.default_rng(m).standard_normal((4, 4)), lv[:, :4]) for m, (mu, lv) in enumerate(models())
    ]
    ours = udr(some)
    R = np.abs(spearmanr(some[1][0], some[3][0]).statistic[:4, 4:])
    share = [np.mean(R.max(axis=axis) ** 2 / R.sum(axis=axis)) for axis in (0, 1)]
    assert ours.spearman_pairs[1, 3] == pytest.approx(np.mean(share))
    z = [(mu - mu.mean(axis=0)) / mu.std(axis=0) for mu, _ in some]
    R = np.abs(Lasso(alpha=0.1, tol=1e-10).fit(z[1], z[3]).coef_.T)
    share = [np.mean(R.max(axis=axis) ** 2 / R.sum(axis=axis)) for axis in (0, 1)]
    assert ours.lasso_pairs[1, 3] == pytest.approx(np.mean(share), abs=1e-6)
    assert ours.lasso[3] == np.median(np.delete(ours.lasso_pairs[:, 3], 3))


def test_uninformative_dimensions_order_and_scale_do_not_matter():
    some = models()
    plain = udr(some)
    changed = [(3 * mu[:, ::-1], logvar[:, ::-1]) for mu, logvar in some]
    stripped = [(mu[:, :4], logvar[:, :4]) for mu, logvar in some]
    for other in (changed, stripped):
        np.testing.assert_allclose(udr(other).lasso, plain.lasso, atol=1e-6)
        np.testing.assert_allclose(udr(other).spearman, plain.spearman)


def test_a_collapsed_model_scores_0_and_models_may_differ_in_dimensions():
    some = models()
    some[2] = (np.zeros((N, 2)), np.zeros((N, 2)))
    ours = udr(some)
    assert ours.lasso[2] == ours.spearman[2] == 0
    assert (ours.lasso[[0, 1, 3, 4, 5]] > 0.8).all()


def test_a_constant_mean_far_from_the_prior_counts_as_0():
    some = [(np.concatenate([mu, np.full((N, 1), 2.0)], axis=1), np.zeros((N, 6))) for mu, _ in models()]
    assert np.isfinite(udr(some).lasso).all()
    assert (udr(some).spearman < udr(models()).spearman).all()


@pytest.mark.parametrize(
    ("posteriors", "message"),
    [
        (models(4), r"posteriors has 4 model\(s\), expected at least 5"),
        ([*models(5), (np.zeros((9, 2)), np.zeros((9, 2)))], "mu of model 5 has 9 rows"),
        ([*models(5), (np.full((N, 2), np.nan), np.zeros((N, 2)))], "mu of model 5 column 0 holds nan"),
        ([*models(5), (np.zeros((N, 2)), np.zeros((N, 3)))], "shape"),
    ],
)
def test_mistakes(posteriors, message):
    with pytest.raises(MetricError, match=message):
        udr(posteriors)
