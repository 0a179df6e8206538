import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from metrics import _linear_svm
from metrics._codes import Codes, MetricError
from metrics.sap import sap


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (5, 3), (0.02, 0), (1, 30), (-2, 1)])
def test_svm_equals_scikit_learn_at_convergence(classes, scale, shift):
    rng = np.random.default_rng(classes)
    y = rng.integers(classes, size=500)
    x = scale * (0.5 * y + rng.standard_normal(500)) + shift
    exact = {"tol": 1e-12, "max_iter": 100_000, "dual": False}
    reference = LinearSVC(C=0.01, class_weight="balanced", **exact).fit(x[:, None], y)
    ours = _linear_svm.fit(x, y, 0.01)
    np.testing.assert_allclose(ours.w, reference.coef_[:, 0], atol=1e-6)
    np.testing.assert_allclose(ours.b, reference.intercept_, atol=1e-6)
    assert (ours.predict(x) == reference.predict(x[:, None])).mean() > 0.998


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    classes=st.integers(2, 6),
    C=st.sampled_from([1e-3, 0.01, 1.0, 100.0]),
    ties=st.booleans(),
)
def test_svm_gradient_vanishes_whatever_the_data(seed, classes, C, ties):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(1, 60))])
    x = rng.standard_normal(len(y)) * 10 ** rng.uniform(-3, 3) + rng.normal()
    x = np.round(x) if ties else x
    svm = _linear_svm.fit(x, y, C)
    count = np.bincount(y)
    for c, (w, b) in enumerate(zip(svm.w, svm.b, strict=True)):
        own = y == (c if classes > 2 else 1)
        balanced = len(y) / (classes * count[y])
        cost = C * (balanced if classes == 2 else np.where(own, balanced, 1.0))
        s = np.where(own, 1, -1)
        pull = 2 * cost * s * np.maximum(0, 1 - s * (w * x + b))
        size = 1 + np.sum(2 * cost * np.abs(x)) + np.sum(2 * cost)
        assert abs(w - pull @ x) < 1e-7 * size
        assert abs(b - pull.sum()) < 1e-7 * size


def test_reference(case):
    expected = case.expected["sap"]
    ours = sap(case.sample, np.random.default_rng(0), **case.sizes)
    assert ours.values["sap"] == pytest.approx(expected["value"], abs=expected["tol"])
    np.testing.assert_allclose(ours.matrices["sap"], case.arrays["sap_matrix"], atol=expected["tol_matrix"])


def test_reference_for_continuous_factors(case):
    ours = sap(case.sample, np.random.default_rng(0), continuous=True, **case.sizes)
    assert ours.values["sap"] == pytest.approx(case.expected["sap_continuous"]["value"], abs=1e-5)
    np.testing.assert_allclose(ours.matrices["sap"], case.arrays["sap_matrix_continuous"], atol=1e-5)


def binary(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    v = rng.integers(2, size=(n, 2))
    return Codes(np.concatenate([2.0 * v - 1, np.zeros((n, 1))], axis=1), v)


def test_perfect_codes_of_binary_factors_score_the_gap_to_a_coin():
    ours = sap(binary(), np.random.default_rng(0), n_train=2000, n_test=1000)
    np.testing.assert_allclose(ours.per_factor["sap"], 0.5, atol=0.05)
    np.testing.assert_allclose(np.diag(ours.matrices["sap"]), 1.0)


def test_perfect_linear_codes_score_1_in_the_continuous_form():
    ours = sap(binary(), np.random.default_rng(0), n_train=2000, n_test=1000, continuous=True)
    assert ours.values["sap"] == pytest.approx(1, abs=0.01)
    assert (ours.matrices["sap"][2] == 0).all()


@pytest.mark.parametrize("continuous", [False, True])
def test_a_constant_factor_is_nan_and_left_out_of_the_mean(continuous):
    z, v, _ = binary()
    sizes = {"n_train": 2000, "n_test": 1000, "continuous": continuous}
    alone = sap(Codes(z, v), np.random.default_rng(0), **sizes)
    ours = sap(Codes(z, np.insert(v, 1, 4, axis=1)), np.random.default_rng(0), **sizes)
    assert np.isnan(ours.per_factor["sap"]).tolist() == [False, True, False]
    assert ours.values == alone.values


def test_a_single_dimension_has_no_gap():
    z, v, _ = binary()
    with pytest.raises(MetricError, match=r"z has 1 column\(s\), expected at least 2"):
        sap(Codes(z[:, :1], v), np.random.default_rng(0), n_train=2000, n_test=1000)


def test_values_that_training_lacks_are_errors():
    v = np.array([[0], [1]] * 50 + [[2]] * 100)
    z = np.concatenate([v, v], axis=1)
    assert sap(Codes(z, v), np.random.default_rng(0), n_train=100, n_test=100).matrices["sap"].max() == 0
