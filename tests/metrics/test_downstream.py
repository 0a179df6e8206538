import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from metrics._codes import Codes, MetricError
from metrics.dci import dci
from metrics.downstream import downstream

FEW = {"n_train": 300, "n_test": 200, "draws": 2, "stages": 5}
SIZES = (2, 3, 4)


def sample(n=500, noise=0.3, seed=0):
    """Three factors of 2, 3 and 4 values in four mixed dimensions."""
    rng = np.random.default_rng(seed)
    v = np.stack([rng.integers(size, size=n) for size in SIZES], axis=1)
    return v @ rng.standard_normal((3, 4)) + noise * rng.standard_normal((n, 4)), v


def score(z, v, kinds=(), **arguments):
    return downstream(Codes(z, v, kinds), np.random.default_rng(0), **FEW | arguments)


def test_names_follow_the_numbers_of_labels():
    of = [f"{name}_{n}" for name in ("lr", "gbt") for n in (10, 100, 300)]
    found = score(*sample())
    assert set(found.values) == {f"downstream_{name}" for name in (*of, "lr_efficiency_100", "gbt_efficiency_100")}
    assert set(found.per_factor) == {*of, "majority"}
    assert set(score(*sample(), n_train=100).values) == {
        f"downstream_{c}_{n}" for c in ("lr", "gbt") for n in (10, 100)
    }
    assert set(score(*sample(), n_train=7).values) == {"downstream_lr_7", "downstream_gbt_7"}


def test_a_value_is_the_mean_over_factors_and_an_efficiency_a_ratio_of_means():
    found = score(*sample(noise=2.0))
    for name in ("lr", "gbt"):
        for n in (10, 100, 300):
            assert found.values[f"downstream_{name}_{n}"] == pytest.approx(found.per_factor[f"{name}_{n}"].mean())
        ratio = found.per_factor[f"{name}_100"].mean() / found.per_factor[f"{name}_300"].mean()
        assert found.values[f"downstream_{name}_efficiency_100"] == pytest.approx(ratio)


def test_it_agrees_with_scikit_learn_on_the_same_rows():
    z, v = sample(noise=1.0, seed=1)  # in which no draw of ten is of one value, which scikit-learn refuses
    ours = score(z, v, stages=20, draws=3).per_factor
    scaled = (z - z[:300].mean(axis=0)) / z[:300].std(axis=0)
    for n, draws in ((10, 3), (100, 3), (300, 1)):
        several = [slice(first, first + n) for first in range(0, n * draws, n)]
        for k in range(3):
            for name, x, model in (
                ("lr", scaled, LogisticRegression(C=100, tol=1e-8, max_iter=5000)),
                ("gbt", z.astype(np.float32), GradientBoostingClassifier(n_estimators=20, random_state=0)),
            ):
                right = [np.mean(model.fit(x[rows], v[rows, k]).predict(x[300:]) == v[300:, k]) for rows in several]
                # Equal splits are many among ten rows, and chosen by chance.
                assert ours[f"{name}_{n}"][k] == pytest.approx(np.mean(right), abs=0.002 if name == "lr" else 0.06)


def test_reference(oracle):
    """At the most labels, the accuracies of the reference's gradient boosting: its informativeness."""
    case = oracle("mini_trained_like__s1")
    ours = downstream(case.sample, np.random.default_rng(0), draws=1, **case.sizes)
    expected = case.expected["dci"]
    assert ours.values["downstream_gbt_2000"] == pytest.approx(
        expected["informativeness_test"], abs=expected["tol_informativeness"]
    )
    np.testing.assert_allclose(ours.per_factor["gbt_2000"], case.arrays["dci_accuracy_test"], atol=0.02)


def test_trees_at_the_most_labels_are_those_of_dci():
    z, v = sample(noise=1.0)
    informative = dci(Codes(z, v), np.random.default_rng(0), n_train=300, n_test=200).per_factor["informativeness"]
    np.testing.assert_allclose(score(z, v, stages=100, draws=1).per_factor["gbt_300"], informative, atol=0.02)


def test_more_labels_make_a_good_code_better():
    found = score(*sample(noise=0.1), draws=5, stages=20).values
    assert found["downstream_lr_10"] < found["downstream_lr_100"] <= found["downstream_lr_300"]
    assert found["downstream_lr_300"] > 0.98
    assert 0.5 < found["downstream_gbt_10"] < found["downstream_gbt_300"]


def test_collapsed_codes_score_the_commonest_value_and_are_fully_efficient():
    v = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 2] * 50)[:, None]
    for value in (0.0, 0.1):
        found = score(np.full((500, 3), value, np.float32), v)
        assert all(found.values[f"downstream_{c}_{n}"] == 0.5 for c in ("lr", "gbt") for n in (10, 100, 300))
        assert found.values["downstream_lr_efficiency_100"] == found.values["downstream_gbt_efficiency_100"] == 1
        assert found.per_factor["majority"] == 0.5


def test_majority_is_what_the_commonest_value_of_the_training_rows_scores_in_the_test():
    z, *_ = sample()
    v = np.where(np.arange(500) < 300, np.arange(500) % 3 > 0, np.arange(500) % 4 > 0).astype(int)[:, None]
    assert score(z, v).per_factor["majority"] == pytest.approx(np.mean(v[300:] == 1))


def test_a_value_without_a_label_is_never_predicted():
    rng = np.random.default_rng(0)
    v = rng.integers(3, size=500)
    v[:10] = np.arange(10) % 2
    perfect = score(v[:, None].astype(float), v[:, None], draws=1)
    assert perfect.per_factor["lr_10"] == pytest.approx(np.mean(v[300:] < 2))
    assert perfect.per_factor["lr_100"] == 1


def test_labels_of_one_value_predict_it():
    v = np.arange(500) % 2
    v[:20] = 1
    found = score(v[:, None].astype(float), v[:, None])
    assert found.per_factor["lr_10"] == found.per_factor["gbt_10"] == np.mean(v[300:] == 1)


def test_values_that_the_training_rows_lack_leave_nothing_right_and_no_efficiency():
    v = np.where(np.arange(500) < 300, np.arange(500) % 2, 2)[:, None]
    assert set(score(v.astype(float), v).values.values()) == {0.0}


def test_a_constant_factor_has_no_part():
    z, v = sample()
    alone, joined = score(z, v), score(z, np.insert(v, 3, 5, axis=1))
    assert joined.values == pytest.approx(alone.values, abs=0.05)  # trees take their turns at chance in another order
    assert all(np.isnan(per_factor).tolist() == [False] * 3 + [True] for per_factor in joined.per_factor.values())


def test_scales_shifts_and_dead_dimensions_do_not_matter_to_logistic_regression():
    z, v = sample(noise=1.0)
    for changed in (z * [1e-3, 1, 50, -2] + 7, z[:, [2, 0, 3, 1]], np.insert(z, 1, 0.1, axis=1)):
        same = score(changed, v)
        for name, value in score(z, v).values.items():
            assert same.values[name] == pytest.approx(value, abs=0.002 if "lr" in name else 0.06)


def test_each_draw_has_labels_of_its_own():
    """Two draws of ten are the mean of the first ten rows and of the next, over the same test rows."""
    z, v = sample(noise=1.0)
    swapped = np.concatenate([np.arange(10, 20), np.arange(10), np.arange(20, 500)])
    one, other = score(z, v, draws=1), score(z[swapped], v[swapped], draws=1)
    both = score(z, v, draws=2).per_factor["lr_10"]
    assert not np.array_equal(one.per_factor["lr_10"], other.per_factor["lr_10"])
    np.testing.assert_allclose(both, (one.per_factor["lr_10"] + other.per_factor["lr_10"]) / 2, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"draws": 0}, "draws is 0, expected at least 1"),
        ({"stages": 0}, "stages is 0, expected at least 1"),
        ({"n_test": 0}, "n_test is 0, expected at least 1"),
        ({"penalty": -1}, "penalty is -1, expected at least 0"),
        ({"n_train": 301}, r"500 rows, expected n_train 301 \+ n_test 200"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(MetricError, match=message):
        score(*sample(), **arguments)
