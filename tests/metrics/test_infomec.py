import numpy as np
import pytest
from scipy.special import digamma
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from metrics._codes import Codes, MetricError
from metrics.infomec import _concentration, _information, _reach, infomec


def sample(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    v = np.stack([rng.integers(3, size=n), rng.integers(4, size=n)], axis=1)
    return Codes(v + 0.05 * rng.standard_normal((n, 2)), v)


@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("neighbours", [1, 3, 10])
def test_information_equals_scikit_learns(noise, neighbours):
    _, v, _ = sample()
    x = v[:, 1] + noise * np.random.default_rng(1).standard_normal(len(v))
    reference = mutual_info_classif(x[:, None], v[:, 1], n_neighbors=neighbours, random_state=0)
    assert _information(x, v[:, 1], neighbours) == pytest.approx(reference[0], abs=1e-9)


def test_information_of_a_gaussian_shift():
    # I of y in {0, 1} and x = 4 y + noise is ln 2 less the entropy of the wrong guesses, 0.0746 nats by quadrature.
    t = np.linspace(-9, 13, 200_001)
    p, q = (np.exp(-0.5 * (t - m) ** 2) / np.sqrt(2 * np.pi) for m in (0, 4))
    mixed = 0.5 * (p + q)
    exact = np.trapezoid(0.5 * p * np.log(p / mixed) + 0.5 * q * np.log(q / mixed), t)
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=20_000)
    assert _information(4 * y + rng.standard_normal(20_000), y, 10) == pytest.approx(exact, abs=0.01)


def test_distance_to_the_kth_neighbour():
    x = np.sort(np.random.default_rng(0).standard_normal(30))
    for k in (1, 4, 29):
        np.testing.assert_allclose(_reach(x, k), np.sort(np.abs(x[:, None] - x), axis=1)[:, k])


@pytest.mark.parametrize("neighbours", [1, 3, 10, 50])
def test_information_of_few_values_is_the_counted_one_less_its_bias(neighbours):
    """psi(n) is ln n less half of 1/n: the estimate is counted, and does not ask how many neighbours there are."""
    _, v, _ = sample()
    x = np.random.default_rng(1).permutation(v[:, 0]) + 3 * (v[:, 1] // 2)
    cell, own, of_x = (np.unique(a, axis=0, return_inverse=True)[1] for a in (np.c_[x, v[:, 1]], v[:, 1], x))
    psi = [digamma(np.bincount(a)[a]).mean() for a in (cell, own, of_x)]
    expected = digamma(1500) + psi[0] - psi[1] - psi[2]
    assert _information(x * 0.1, v[:, 1], neighbours) == pytest.approx(expected, abs=1e-12)
    bias = (cell.max() - own.max() - of_x.max()) / (2 * 1500)  # Miller and Madow's: of 12 cells, 4 and 6 values
    assert expected == pytest.approx(mutual_info_score(x, v[:, 1]) - bias, abs=1e-4)


def test_values_seen_once_are_ignored():
    x = np.array([0.0, 0.1, 0.2, 1.0, 1.1, 1.2, 5.0])
    y = np.array([0, 0, 0, 1, 1, 1, 2])
    assert _information(x, y, 2) == _information(x[:-1], y[:-1], 2)
    assert _information(x, np.arange(7), 2) == 0


def test_concentration_by_hand():
    assert _concentration(np.eye(3)) == 1
    assert _concentration(np.ones((2, 4))) == 0
    assert _concentration(np.array([[3.0, 1.0], [0.0, 0.0]])) == pytest.approx((0.5 * (0.75 + 0.5) - 0.5) / 0.5)
    assert _concentration(np.array([[2.0], [1.0]])) == 1
    assert _concentration(np.zeros((0, 3))) == _concentration(np.zeros((3, 0))) == 0


def test_perfect_codes_score_near_1():
    values = infomec(sample(), np.random.default_rng(0), n_train=1500).values
    assert values["infom"] > 0.95
    assert values["infoc"] > 0.95
    assert values["infoe"] > 0.99


def test_a_copy_costs_compactness_and_a_mixture_modularity():
    z, v, _ = sample()
    copied = infomec(Codes(z[:, [0, 0, 1]], v), np.random.default_rng(0), n_train=1500).values
    assert copied["infom"] > 0.95
    assert copied["infoc"] < 0.8
    mixed = infomec(Codes(z @ np.array([[1, 1], [1, -1]]), v), np.random.default_rng(0), n_train=1500).values
    assert mixed["infom"] < 0.6
    assert mixed["infoe"] > 0.9


def test_inactive_and_dead_dimensions_do_not_count():
    z, v, _ = sample()
    noise = 0.01 * np.random.default_rng(2).standard_normal((1500, 1))
    ours = infomec(Codes(np.concatenate([z, noise, noise * 0 + 3], axis=1), v), np.random.default_rng(0), n_train=1500)
    alone = infomec(Codes(z, v), np.random.default_rng(0), n_train=1500)
    assert ours.matrices["active"][:, 0].tolist() == [1, 1, 0, 0]
    assert ours.values == pytest.approx(alone.values, abs=1e-3)


def test_collapsed_codes_score_0():
    _, v, _ = sample()
    values = infomec(Codes(np.full((1500, 3), 0.1), v), np.random.default_rng(0), n_train=1500).values
    assert set(values.values()) == {0.0}


def test_shuffled_factors_hold_no_information_beyond_the_fit():
    z, v, _ = sample()
    excess = []
    for seed in range(10):
        shuffled = np.random.default_rng(seed).permuted(v, axis=0)
        infoe = infomec(Codes(z, shuffled), np.random.default_rng(0), n_train=1500).per_factor["infoe"]
        excess.append(infoe * np.log([3, 4]) - np.array([2, 3]) * 2 / (2 * 1500))
    assert (np.abs(np.mean(excess, axis=0)) < 4 * np.std(excess, axis=0, ddof=1) / np.sqrt(10)).all()


@pytest.mark.parametrize("rows", [120, 1500])
def test_equal_codes_score_the_same_whatever_the_random_numbers(rows):
    """A code for each factor and one that has a bit of both, of few values, of many equal rows and of few."""
    _, v, _ = sample()
    z = np.c_[v, v[:, 0] + v[:, 1] // 2]
    a, b = (infomec(Codes(z[:rows], v[:rows]), np.random.default_rng(seed), n_train=rows) for seed in (3, 4))
    assert a.values == b.values
    np.testing.assert_array_equal(a.matrices["nmi"], b.matrices["nmi"])
    np.testing.assert_allclose(np.diag(a.matrices["nmi"]), 1, atol=0.02)


@pytest.mark.parametrize("shift", [4096.0, -1e6])
def test_a_shift_of_codes_does_not_matter(shift):
    z, v, _ = sample()
    for codes in (z, v.astype(float), np.round(z, 1)):
        ours, shifted = (infomec(Codes(c, v), np.random.default_rng(0), n_train=1500) for c in (codes, codes + shift))
        assert shifted.values == pytest.approx(ours.values, abs=1e-4)


def test_a_perfect_code_of_few_values_scores_1():
    _, v, _ = sample()
    values = infomec(Codes(v + 4096.0, v), np.random.default_rng(0), n_train=1500).values
    assert values["infom"] > 0.99
    assert values["infoc"] > 0.99


def test_constant_factors_are_left_out():
    z, v, _ = sample()
    ours = infomec(Codes(z, np.insert(v, 1, 4, axis=1)), np.random.default_rng(0), n_train=1500)
    assert ours.values == infomec(Codes(z, v), np.random.default_rng(0), n_train=1500).values
    assert np.isnan(ours.matrices["nmi"][:, 1]).all()
    with pytest.raises(MetricError, match="infomec compares factors that vary"):
        infomec(Codes(z, v[:, :1]), np.random.default_rng(0), n_train=1500)
