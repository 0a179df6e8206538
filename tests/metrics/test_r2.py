import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from metrics._codes import Codes, MetricError
from metrics.r2 import r2

KINDS = ("unordered", "ordered", "cyclic 20", "ordered")
ROWS = {"n_train": 2_000, "n_test": 1_000}


def factors(n=3_000, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(size, size=n) for size in (3, 4, 20, 16)], axis=1)


def perfect(v, phase=0.7):
    """A code for each ordered factor, and a pair for the angle, turned by any phase; a dead one; one of noise."""
    angle = 2 * np.pi * v[:, 2] / 20 + phase
    noise = np.random.default_rng(1).standard_normal(len(v))
    return np.stack([5 - 3.0 * v[:, 1], np.cos(angle), 1e3 * v[:, 3], np.sin(angle), np.ones(len(v)), noise], axis=1)


def score(z, v, kinds=KINDS, **arguments):
    return r2(Codes(z, v, kinds), np.random.default_rng(0), **(ROWS | arguments))


@pytest.mark.parametrize("phase", [0.0, 0.7, 2.0])
def test_a_perfect_code_scores_1(phase):
    v = factors()
    scores = score(perfect(v, phase), v)
    assert scores.values == pytest.approx({"r2_linear": 1, "r2_single": 1, "r2_alignment": 1}, abs=1e-9)
    assert np.isnan(scores.per_factor["linear"]).tolist() == [True, False, False, False]


def test_a_rotation_costs_single_codes_and_no_linear_map():
    """Two factors turned by 45 degrees: each code holds half of each."""
    v = np.random.default_rng(0).integers(16, size=(3_000, 2))
    turned = (v - 7.5) @ np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    scores = score(turned, v, ())
    assert scores.values["r2_linear"] == pytest.approx(1)
    assert scores.values["r2_single"] == pytest.approx(0.5, abs=0.03)
    assert scores.values["r2_alignment"] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("z", [np.random.default_rng(3).standard_normal((3_000, 10)), np.zeros((3_000, 2))])
def test_codes_that_know_nothing_have_no_alignment(z):
    scores = score(z, factors())
    assert scores.values == pytest.approx({"r2_linear": 0, "r2_single": 0}, abs=0.01)
    assert np.isnan(scores.per_factor["alignment"]).all()


def test_it_is_scikit_learns_r2_on_the_test_rows():
    rng, v = np.random.default_rng(5), factors()
    z = v @ rng.standard_normal((4, 6)) + 2 * rng.standard_normal((3_000, 6))
    scores = score(z, v, ("ordered",) * 4)
    for k in range(4):
        known = r2_score(v[2_000:, k], LinearRegression().fit(z[:2_000], v[:2_000, k]).predict(z[2_000:]))
        assert scores.per_factor["linear"][k] == pytest.approx(known, abs=1e-9)
        for j in range(6):
            fit = LinearRegression().fit(z[:2_000, [j]], v[:2_000, k])
            assert scores.matrices["r2"][j, k] == pytest.approx(
                max(0, r2_score(v[2_000:, k], fit.predict(z[2_000:, [j]])))
            )


def test_one_code_serves_one_factor():
    """Two equal factors in one code: one of them goes without."""
    v = np.repeat(factors()[:, [3]], 2, axis=1)
    scores = score(v[:, :1].astype(float), v, ())
    assert sorted(scores.per_factor["single"]) == pytest.approx([0, 1])
    assert scores.per_factor["linear"] == pytest.approx([1, 1])


def test_an_angle_is_a_point_on_a_circle():
    """As a number it jumps from its last value to its first, which no linear map of the circle follows."""
    v = factors()
    angle = 2 * np.pi * v[:, 2] / 20
    z = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert score(z, v[:, [2]], ("cyclic 20",)).values["r2_linear"] == pytest.approx(1)
    assert score(z, v[:, [2]], ("ordered",)).values["r2_linear"] < 0.7


def test_the_floor_decides_where_alignment_is_defined():
    v = factors()
    z = perfect(v)
    z[:, 0] = np.random.default_rng(2).standard_normal(len(v))
    assert score(z, v).values["r2_alignment"] == pytest.approx(1), "the unknown factor has no part in it"
    assert np.isnan(score(z, v).per_factor["alignment"]).tolist() == [True, True, False, False]
    for floor in (0, 1.5, float("nan")):
        with pytest.raises(MetricError, match="floor is"):
            score(z, v, floor=floor)


def test_without_a_factor_in_an_order_there_is_nothing_to_score():
    v = factors()
    with pytest.raises(MetricError, match="no factor that varies has values in an order"):
        score(perfect(v), v[:, :1], ("unordered",))
