import numpy as np
import pytest

from metrics._codes import Codes, MetricError
from metrics.dci import completeness, concentration, dci, disentanglement

SIZES = (3, 4, 2)
ROWS = {"n_train": 400, "n_test": 200}


def score(z, v, seed=0, **keywords):
    return dci(Codes(z, v), np.random.default_rng(seed), **(ROWS | keywords))


def test_one_code_a_factor_is_disentangled_and_complete():
    R = np.array([[0, 0.4], [0, 0], [0.7, 0]])
    assert disentanglement(R) == pytest.approx(1)
    assert completeness(R) == pytest.approx(1)


def test_uniform_importances_are_neither():
    R = np.full((3, 4), 0.25)
    assert disentanglement(R) == pytest.approx(0, abs=1e-12)
    assert completeness(R) == pytest.approx(0, abs=1e-12)


def test_codes_weigh_as_much_as_they_matter():
    R = np.array([[0.9, 0], [0.05, 0.05]])
    assert disentanglement(R) == pytest.approx(0.9)


def test_factor_split_over_two_codes_is_incomplete():
    R = np.array([[0.5, 0], [0.5, 0], [0, 1], [0, 0]])
    assert disentanglement(R) == pytest.approx(1)
    assert concentration(R.T) == pytest.approx([0.5, 1])
    assert completeness(R) == pytest.approx(0.75)


def test_no_importance_scores_zero():
    assert disentanglement(np.zeros((3, 2))) == 0
    assert completeness(np.zeros((3, 2))) == 0


def test_single_factor_cannot_be_entangled():
    assert disentanglement(np.array([[0.3], [0.7]])) == 1


@pytest.mark.parametrize("probe", ["trees", "reference", "linear"])
def test_perfect_code(v, probe):
    result = score(v[:, ::-1].astype(float), v, probe=probe)
    least = 0.5 if probe == "linear" else 0.99
    assert result.values["dci_disentanglement"] > least
    assert result.values["dci_completeness"] > least
    assert np.array_equal(result.matrices["importance"].argmax(axis=0), [2, 1, 0])


@pytest.mark.parametrize("probe", ["trees", "linear"])
def test_perfect_code_is_informative(v, probe):
    assert score(v.astype(float), v, probe=probe).values["dci_informativeness"] > 0.99


def test_noise_is_entangled_and_tells_nothing(v):
    values = score(np.random.default_rng(2).standard_normal((600, 4)), v).values
    assert values["dci_disentanglement"] < 0.1
    assert values["dci_completeness"] < 0.1
    assert values["dci_informativeness"] == pytest.approx(np.mean(1 / np.array(SIZES)), abs=0.08)


def test_trees_agree_with_scikit_learn(entangled, v):
    ours, theirs = (score(entangled, v, probe=probe).values for probe in ("trees", "reference"))
    assert ours == pytest.approx(theirs, abs=0.01)


def test_dead_code_changes_disentanglement_by_nothing(entangled, v):
    dead = score(np.c_[np.ones(600), entangled], v)
    assert dead.matrices["importance"][0].tolist() == [0, 0, 0]
    assert dead.values["dci_disentanglement"] == pytest.approx(
        score(entangled, v).values["dci_disentanglement"], abs=0.005
    )


def test_order_and_scale_of_codes_are_irrelevant(entangled, v):
    changed = (entangled * np.array([1, 4, 16, 64]))[:, ::-1]
    assert score(changed, v).values == pytest.approx(score(entangled, v).values, abs=0.01)


def test_seed_decides(entangled, v):
    once, again = (score(entangled, v, seed=3) for _ in range(2))
    assert once.values == again.values
    assert np.array_equal(once.matrices["importance"], again.matrices["importance"])


def test_collapsed_codes_know_the_most_frequent_value(v):
    result = score(np.ones((600, 4)), v)
    frequent = [np.mean(v[400:, k] == np.bincount(v[:400, k]).argmax()) for k in range(3)]
    assert result.values["dci_disentanglement"] == 0
    assert result.values["dci_completeness"] == 0
    assert result.per_factor["informativeness"] == pytest.approx(frequent)


@pytest.mark.parametrize("probe", ["trees", "reference", "linear"])
def test_value_that_training_lacks_is_an_error(v, probe):
    z, v = v.astype(float), v.copy()
    unseen = v[400:, 0] == 2
    v[:400, 0] %= 2
    accuracy = score(z, v, probe=probe).per_factor["informativeness"][0]
    assert accuracy <= 1 - unseen.mean()


def test_constant_factor_is_left_out(entangled, v):
    result = score(entangled, np.c_[v, np.full(600, 4)])
    assert np.isnan(result.per_factor["informativeness"][3])
    assert np.isnan(result.per_factor["completeness"][3])
    assert result.values == score(entangled, v).values


def test_constant_factors_alone_are_refused(entangled, v):
    with pytest.raises(MetricError, match="constant"):
        score(entangled, np.zeros_like(v))


def test_unknown_probe_is_refused(entangled, v):
    with pytest.raises(MetricError, match="forest"):
        score(entangled, v, probe="forest")


def test_too_few_rows_are_refused(entangled, v):
    with pytest.raises(MetricError, match="600 rows"):
        dci(Codes(entangled, v), np.random.default_rng(0))


def test_reference_values(case):
    expected = case.expected["dci"]
    result = dci(case.sample, np.random.default_rng(0), **case.sizes)
    for name in ("disentanglement", "completeness"):
        assert result.values[f"dci_{name}"] == pytest.approx(expected[name], abs=expected["tol"])
    accuracy = result.values["dci_informativeness"]
    assert accuracy == pytest.approx(expected["informativeness_test"], abs=expected["tol_informativeness"])
    if expected["tol_importance"]:
        importance = result.matrices["importance"]
        assert importance == pytest.approx(case.arrays["dci_importance"], abs=expected["tol_importance"])
