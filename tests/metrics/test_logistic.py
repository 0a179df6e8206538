import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from metrics import _logistic


def blobs(classes, n=400, d=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n)
    return y[:, None] * rng.standard_normal(d) / 2 + rng.standard_normal((n, d)), y


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_equals_scikit_learn_at_convergence(classes):
    x, y = blobs(classes)
    reference = LogisticRegression(tol=1e-10, max_iter=10_000).fit(x, y)
    ours = np.exp(_logistic.fit(x, y, gtol=1e-9).log_probability(x))
    np.testing.assert_allclose(ours, reference.predict_proba(x).T, atol=1e-5)


def test_balanced_weights_equal_scikit_learn():
    x, y = blobs(3)
    y[y == 2] = np.where(np.arange((y == 2).sum()) % 4 == 0, 2, 0)
    reference = LogisticRegression(C=np.inf, class_weight="balanced", tol=1e-10, max_iter=10_000).fit(x, y)
    weight = (len(y) / (3 * np.bincount(y)))[y]
    ours = np.exp(_logistic.fit(x, y, penalty=0.0, weight=weight, gtol=1e-9).log_probability(x))
    np.testing.assert_allclose(ours, reference.predict_proba(x).T, atol=1e-5)


def test_the_gradient_vanishes_at_the_optimum():
    x, y = blobs(5)
    probe = _logistic.fit(x, y, gtol=1e-9)
    residual = np.exp(probe.log_probability(x)) - (y == probe.classes[:, None])
    np.testing.assert_allclose(residual @ x + probe.W, 0, atol=1e-5)
    np.testing.assert_allclose(residual.sum(axis=1), 0, atol=1e-5)


def test_classes_keep_their_labels():
    x, y = blobs(3)
    probe = _logistic.fit(x, 10 * y + 3)
    assert probe.classes.tolist() == [3, 13, 23]
    assert set(probe.predict(x)) <= {3, 13, 23}


def test_codes_without_spread_predict_the_shares_of_the_classes():
    y = np.array([0] * 30 + [1] * 10)
    probe = _logistic.fit(np.zeros((40, 2)), y)
    np.testing.assert_allclose(np.exp(probe.log_probability(np.zeros((1, 2))))[:, 0], [0.75, 0.25], atol=1e-6)


def test_separable_classes_without_penalty_stop_at_the_iterations_allowed():
    x = np.arange(20.0)[:, None]
    probe = _logistic.fit(x, (x[:, 0] > 9).astype(int), penalty=0.0, max_iter=100)
    assert np.isfinite(probe.W).all()
    assert (probe.predict(x) == (x[:, 0] > 9)).all()
