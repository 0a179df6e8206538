import numpy as np
import pytest

from metrics._codes import Codes, MetricError
from metrics.mig import gap, mig, miller_madow


def draw(n=2_000, sizes=(3, 4, 5), seed=0):
    """Factors (n, K), uniform and independent."""
    return np.random.default_rng(seed).integers(0, sizes, (n, len(sizes)))


def score(z, v, **keywords):
    return mig(Codes(z, v), np.random.default_rng(0), n_train=len(v), **keywords)


@pytest.fixture
def entangled():
    v = draw()
    rng = np.random.default_rng(1)
    return v @ rng.standard_normal((3, 6)) + 0.3 * rng.standard_normal((len(v), 6)), v


def test_perfect_code_of_a_balanced_grid_scores_one():
    v = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), axis=1)
    assert score(v.astype(float), v).values["mig"] == pytest.approx(1)


def test_two_codes_that_share_a_factor_leave_no_gap():
    v = draw()
    result = score(v[:, [0, 0, 1, 2]].astype(float), v)
    assert result.per_factor["mig"][0] == 0
    assert result.per_factor["mig"][1:].min() > 0.9


def test_noise_scores_about_zero():
    v = draw()
    assert score(np.random.default_rng(1).standard_normal((len(v), 6)), v).values["mig"] < 0.03


def test_dead_code_changes_nothing(entangled):
    z, v = entangled
    assert score(np.c_[z, np.full(len(z), 0.7)], v).values == score(z, v).values


def test_order_of_codes_is_irrelevant(entangled):
    z, v = entangled
    assert score(z[:, ::-1], v).values == score(z, v).values


def test_scale_of_codes_is_irrelevant(entangled):
    z, v = entangled
    assert score(z * 2.0 ** np.arange(6), v).values == score(z, v).values


def test_only_the_first_rows_count(entangled):
    z, v = entangled
    changed = np.where(np.arange(len(z))[:, None] < 500, z, -1)
    ours = [mig(Codes(a, v), np.random.default_rng(0), n_train=500).values for a in (z, changed)]
    assert ours[0] == ours[1]


def test_single_code_is_compared_with_nothing():
    v = draw()
    assert score(v[:, :1].astype(float), v).per_factor["mig"][0] == pytest.approx(1)


def test_bins_bound_what_a_code_can_tell():
    v = np.arange(40)[:, None].repeat(50, axis=0)
    assert score(v.astype(float), v).values["mig"] == pytest.approx(np.log(20) / np.log(40))


def test_constant_factor_is_left_out(entangled):
    z, v = entangled
    result = score(z, np.c_[v, np.full(len(v), 2)])
    assert np.isnan(result.per_factor["mig"][3])
    assert result.values == score(z, v).values


def test_correction_takes_the_bias_off_noise():
    v = draw(sizes=(10, 10))
    z = np.random.default_rng(1).standard_normal((len(v), 3))
    plain, corrected = (score(z, v, correction=c).matrices["mutual_information"].mean() for c in (False, True))
    assert plain > 0.03
    assert abs(corrected) < plain / 4


def test_the_bias_of_full_tables_is_that_of_miller_and_madow():
    """(bins - 1) (values - 1) / 2N where each pair occurs; of a variable and itself -(values - 1) / 2N."""
    z, v = np.divmod(np.arange(12), 4)
    both = np.stack([z, v], axis=1)
    assert miller_madow(both, v[:, None]) == pytest.approx(np.array([[2 * 3 / 24], [-3 / 24]]))
    assert miller_madow(np.zeros((12, 1), int), v[:, None]).tolist() == [[0.0]]


def test_gap_of_the_two_best():
    assert gap(np.array([[0.5, 0.1], [0.2, 0.4], [0.1, 0.1]])) == pytest.approx([0.3, 0.3])


def test_too_few_rows_are_refused(entangled):
    with pytest.raises(MetricError, match="2000 rows"):
        mig(Codes(*entangled), np.random.default_rng(0))


def test_constant_factors_alone_are_refused(entangled):
    z, v = entangled
    with pytest.raises(MetricError, match="constant"):
        score(z, np.ones_like(v))


def test_reference_values(case):
    result = mig(case.train, np.random.default_rng(0), n_train=case.about["n_train"])
    expected = case.expected["mig"]
    assert result.values["mig"] == pytest.approx(expected["value"], abs=expected["tol"])
