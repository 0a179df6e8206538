import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from metrics._boosting import boosted_trees


def draw(n_classes, n=600, seed=0):
    """Codes of which the first two tell the class and the third, coarse and full of ties, a little."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    x = np.c_[y + 0.6 * rng.standard_normal(n), -y + rng.standard_normal(n), y // 2, rng.standard_normal((n, 2))]
    return x, y


def fit(x, y, x_test, seed=0, **keywords):
    return boosted_trees(x, y, x_test, np.random.default_rng(seed), **keywords)


@pytest.mark.parametrize("n_classes", [2, 3, 6])
@pytest.mark.parametrize("stages", [1, 100])
def test_agrees_with_scikit_learn(n_classes, stages):
    x, y = draw(n_classes)
    x_test, _ = draw(n_classes, seed=1)
    theirs = GradientBoostingClassifier(n_estimators=stages, random_state=0).fit(x, y)
    predicted, importance = fit(x, y, x_test, stages=stages)
    assert importance == pytest.approx(theirs.feature_importances_, abs=0.01)
    assert np.mean(predicted == theirs.predict(x_test)) > 0.97


def test_first_split_in_closed_form():
    x = np.array([[0.0], [1], [2], [3]])
    predicted, importance = fit(x, np.array([0, 0, 1, 1]), np.array([[1.4], [1.6]]), stages=1, depth=1)
    assert predicted.tolist() == [0, 1]
    assert importance.tolist() == [1]


def test_importances_are_shares():
    x, y = draw(4)
    importance = fit(x, y, x)[1]
    assert importance.sum() == pytest.approx(1)
    assert importance.min() >= 0


def test_same_seed_same_result():
    x, y = draw(4)
    once, again = fit(x, y, x, seed=5), fit(x, y, x, seed=5)
    assert np.array_equal(once[0], again[0])
    assert np.array_equal(once[1], again[1])


def test_monotone_transformation_of_codes_is_irrelevant():
    x, y = draw(3)
    plain, transformed = (fit(a, y, a) for a in (x, np.exp(x)))
    assert transformed[1] == pytest.approx(plain[1], abs=0.01)
    assert np.mean(transformed[0] == plain[0]) > 0.98


def test_order_of_codes_is_irrelevant():
    x, y = draw(3)
    assert fit(x[:, ::-1], y, x[:, ::-1])[1][::-1] == pytest.approx(fit(x, y, x)[1], abs=0.01)


def test_equal_codes_share_the_importance():
    x, y = draw(3)
    copied = fit(x[:, [0, 0, 1]], y, x[:, [0, 0, 1]])[1]
    assert copied[0] == pytest.approx(copied[1], abs=0.1)


def test_constant_codes_have_no_importance():
    _, y = draw(3)
    predicted, importance = fit(np.ones((600, 2)), y, np.ones((5, 2)))
    assert importance.tolist() == [0, 0]
    assert (predicted == np.bincount(y).argmax()).all()


def test_differences_of_1e_7_are_not_seen():
    """Among features of a usual range: one row lies far off."""
    y = np.arange(100) % 2
    x = y[:, None] * 1e-7
    x[0] = 1
    assert np.mean(fit(x, y, x)[0] == y) < 0.6
    x[1:] *= 10
    assert np.mean(fit(x, y, x)[0] == y) == 1


@pytest.mark.parametrize(
    ("scale", "shift"), [(1e-3, 0.0), (1e-9, 0.0), (1e-30, 0.0), (1.0, 1e4), (1.0, 1e9), (1e-9, 1.0)]
)
def test_small_and_far_features_are_seen_as_any(scale, shift):
    x, y = draw(3)
    x = np.round(x, 3)
    once, moved = fit(x, y, x), fit(scale * x + shift, y, scale * x + shift)
    assert moved[1] == pytest.approx(once[1], abs=0.01)
    assert np.mean(moved[0] == once[0]) > 0.99


def test_missing_classes_keep_their_numbers():
    x, y = draw(3)
    labels = np.array([2, 5, 9])[y]
    assert set(fit(x, labels, x)[0]) == {2, 5, 9}


def test_split_without_gain_is_taken_where_it_leads_on():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 5)
    y = x[:, 0] ^ x[:, 1]
    assert np.array_equal(fit(x, y, x)[0], y)
