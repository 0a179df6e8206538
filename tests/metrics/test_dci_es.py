import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from metrics._boosting import stages_of_trees
from metrics._codes import Codes, MetricError
from metrics.dci import dci
from metrics.dci_es import accuracy_curve, capacities, dci_es, explicitness

SIZES = (3, 4, 2)
ROWS = {"n_train": 400, "n_test": 200}
E = "dci_es_explicitness"


def score(z, v, seed=0, **keywords):
    return dci_es(Codes(z, v), np.random.default_rng(seed), **(ROWS | keywords))


def authors(loss, capacity, baseline):
    """Explicitness as the authors' code has it, point by point: the best loss so far, the lowest of a map 0."""
    loss = [min(loss[: t + 1]) for t in range(len(loss))]
    lowest, area = min(loss), 0.0
    for t in range(1, len(loss)):
        area += (0.5 * (loss[t - 1] - lowest) + 0.5 * (loss[t] - lowest)) * (capacity[t] - capacity[t - 1])
    return 1 - 2 * area / ((capacity[-1] - capacity[0]) * baseline)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ([0.0, 0.0, 0.0], 1.0),  # the smallest probe does what the largest does
        ([0.3, 0.3, 0.3], 1.0),  # also where that is little
        ([0.8, 0.4, 0.0], 0.0),  # a straight line from the loss of a constant to 0
        ([0.8, 0.6, 0.4], 0.5),  # and half as far
        ([0.8, 0.0, 0.0], 0.5),
    ],
)
def test_explicitness_in_closed_form(loss, expected):
    assert explicitness(np.array(loss), np.array([0.0, 1.0, 2.0]), 0.8, 0.0) == pytest.approx(expected)


def test_what_only_the_largest_probe_learns_is_least_explicit():
    capacity = np.append(np.linspace(0, 1, 1000), 1 + 1e-9)
    assert explicitness(np.append(np.full(1000, 0.5), 0.0), capacity, 0.5, 0.0) == pytest.approx(-1)


def test_a_larger_probe_that_does_worse_than_a_smaller_one_costs_nothing():
    capacity = np.arange(4.0)
    assert explicitness(np.array([0.5, 0.2, 0.4, 0.3]), capacity, 0.5, 0.0) == pytest.approx(
        explicitness(np.array([0.5, 0.2, 0.2, 0.2]), capacity, 0.5, 0.0)
    )


def test_explicitness_equals_the_authors():
    rng = np.random.default_rng(0)
    for _ in range(20):
        loss, capacity = rng.uniform(0, 0.7, 6), np.cumsum(rng.uniform(0.1, 2, 6))
        assert explicitness(loss, capacity, 0.7, 0.0) == pytest.approx(authors(list(loss), capacity, 0.7))


def test_a_curve_that_hardly_falls_has_no_explicitness():
    capacity = np.arange(3.0)
    assert np.isnan(explicitness(np.array([0.8, 0.79, 0.78]), capacity, 0.8, 0.05))
    assert explicitness(np.array([0.8, 0.79, 0.75]), capacity, 0.8, 0.05) == pytest.approx(1 - 2 * 0.065 / 1.6)
    assert np.isnan(explicitness(np.array([1.0, 0.9, 0.9]), capacity, 0.8, 0.05)), "worse than a constant"
    assert np.isnan(explicitness(np.zeros(3), capacity, 0.0, 0.0)), "a constant is right"


def test_capacities_double():
    assert capacities(100) == [1, 2, 4, 8, 16, 32, 64, 100]
    assert capacities(64) == [1, 2, 4, 8, 16, 32, 64]
    assert capacities(2) == [1, 2]


@pytest.mark.parametrize("probe", ["trees", "reference"])
def test_disentanglement_completeness_and_informativeness_are_those_of_dci(entangled, v, probe):
    rows = {"n_train": 150, "n_test": 100}
    ours = score(entangled, v[:, 1:], seed=3, probe=probe, **rows)
    theirs = dci(Codes(entangled, v[:, 1:]), np.random.default_rng(3), probe=probe, **rows)
    shared = {n.replace("dci_es", "dci"): x for n, x in ours.values.items() if n != E}
    assert shared == pytest.approx(theirs.values, abs=1e-12)
    assert ours.matrices["importance"] == pytest.approx(theirs.matrices["importance"], abs=1e-12)
    for name, values in theirs.per_factor.items():
        assert ours.per_factor[name] == pytest.approx(values, abs=1e-12)


def test_a_perfect_code_needs_one_stage(v):
    ours = score(v.astype(float), v)
    assert ours.values[E] == 1
    assert ours.per_factor["loss_1"].max() == 0


def test_rare_values_do_not_pass_for_want_of_capacity():
    """The prior of a value of nine rows in ten outweighs one shrunken stage, which is right all the same."""
    v = (np.arange(600)[:, None] % 10 == 0).astype(int)
    v = np.concatenate([v, np.where(v == 1, 2, np.arange(600)[:, None] % 10 == 5)], axis=1)
    assert score(v.astype(float), v).per_factor["explicitness"].tolist() == [1, 1]


def test_a_code_that_needs_capacity_is_less_explicit():
    """A factor of 16 values, alone in a code, and turned by 45 degrees with another: trees need many cuts."""
    v = np.random.default_rng(0).integers(16, size=(3_000, 2))
    turned = (v - 7.5) @ np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    rows = {"n_train": 2_000, "n_test": 1_000}
    plain, rotated = (score(z, v, **rows) for z in (v.astype(float), turned))
    assert plain.values[E] == 1
    assert 0 < rotated.values[E] < 0.6
    curve = np.array([rotated.per_factor[f"loss_{t}"] for t in capacities(100)])
    assert (np.diff(curve, axis=0) < 0).all()
    assert rotated.per_factor["loss_constant"] == pytest.approx([15 / 16] * 2, abs=0.02)


def test_the_order_of_codes_and_of_factors_is_irrelevant(entangled, v):
    """But for splits that are equally good, between which the generator decides."""
    once, turned = score(entangled, v), score(entangled[:, ::-1], v)
    assert turned.values == pytest.approx(once.values, abs=0.06)
    again = score(entangled, v[:, ::-1])
    assert again.per_factor["explicitness"][::-1] == pytest.approx(once.per_factor["explicitness"], abs=0.06)


def test_monotone_maps_of_single_codes_change_nothing(entangled, v):
    """Trees see the order of a code's values only; thresholds lie between other values on the test rows."""
    assert score(np.exp(entangled), v).values == pytest.approx(score(entangled, v).values, abs=0.03)


@pytest.mark.parametrize("z", [np.random.default_rng(2).standard_normal((3_000, 4)), np.ones((3_000, 2))])
def test_codes_that_know_nothing_have_no_explicitness(z):
    v = np.random.default_rng(0).integers(0, SIZES, (3_000, 3))
    ours = score(z, v, n_train=2_000, n_test=1_000, floor=0.1)
    assert E not in ours.values
    assert np.isnan(ours.per_factor["explicitness"]).all()
    assert ours.values["dci_es_disentanglement"] < 0.1


def test_without_a_floor_noise_is_explicit_as_the_paper_has_it():
    v = np.random.default_rng(0).integers(0, SIZES, (3_000, 3))
    noise = np.random.default_rng(2).standard_normal((3_000, 4))
    assert score(noise, v, n_train=2_000, n_test=1_000, floor=0.0).values[E] > 0.8


def test_a_factor_that_codes_do_not_know_has_no_part_in_the_mean(v):
    ours = score(v[:, :2].astype(float), v, floor=0.2)
    assert np.isnan(ours.per_factor["explicitness"]).tolist() == [False, False, True]
    assert ours.values[E] == 1


def test_a_constant_factor_is_left_out(entangled, v):
    ours = score(entangled, np.c_[v, np.full(600, 4)])
    assert all(np.isnan(x[3]) for x in ours.per_factor.values())
    assert ours.values == score(entangled, v).values


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_curve_is_that_of_scikit_learn(n_classes):
    """The accuracy after each number of stages is that of a fit of as many, once its shrinkage is undone."""
    rng = np.random.default_rng(0)
    y = rng.integers(n_classes, size=900)
    x = np.c_[y + 0.6 * rng.standard_normal(900), rng.standard_normal((900, 2))]
    (x, x_test), (y, y_test) = (x[:600], x[600:]), (y[:600], y[600:])
    sizes, found = [1, 2, 4, 5], []
    for t in sizes:
        model = GradientBoostingClassifier(n_estimators=t, random_state=0).fit(x, y)
        start = np.log(np.bincount(y) / len(y))
        start = start if n_classes > 2 else start[1] - start[0]
        learnt = model.decision_function(x_test) - start
        total = start + learnt / (1 - 0.9**t if t < 5 else 1)
        found.append(np.mean((total.argmax(axis=1) if n_classes > 2 else total >= 0) == y_test))
    growth = stages_of_trees(x, y, x_test, np.random.default_rng(0), stages=5)
    ours, importance = accuracy_curve(growth, sizes, y, y_test)
    assert ours == pytest.approx(found, abs=0.02)
    assert importance == pytest.approx(model.feature_importances_, abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"probe": "linear"}, "probe is 'linear'; expected one of trees, reference"),
        ({"stages": 1}, "stages is 1, expected at least 2"),
        ({"floor": -1}, "floor is -1, expected at least 0"),
        ({"n_test": 0}, "n_test is 0"),
        ({"n_train": 600}, "600 rows"),
    ],
)
def test_arguments_out_of_range_are_refused(entangled, v, arguments, message):
    with pytest.raises(MetricError, match=message):
        score(entangled, v, **arguments)


def test_constant_factors_alone_are_refused(entangled, v):
    with pytest.raises(MetricError, match="constant"):
        score(entangled, np.zeros_like(v))
