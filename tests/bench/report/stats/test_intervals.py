import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.report.stats.hypervolume import non_dominated
from bench.report.stats.intervals import estimate, iqm


def test_iqm_is_the_mean_of_the_middle_half() -> None:
    assert iqm([8, 1, 7, 2, 6, 3, 5, 4]) == 4.5  # of 3, 4, 5, 6
    assert iqm([0, 1, 2, 300]) == 1.5
    assert iqm([1, 2, 6]) == 3.0  # too few to trim
    assert iqm([7.25]) == 7.25


@pytest.mark.parametrize("n", range(1, 20))
def test_iqm_is_scipys_trimmed_mean_along_the_last_axis(n: int) -> None:
    x = np.random.default_rng(n).standard_normal((3, n)) ** 3
    np.testing.assert_allclose(iqm(x), scipy_stats.trim_mean(x, 0.25, axis=1), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 10, 600])
def test_an_estimate_is_numpys_and_its_intervals_are_those_of_the_same_resamples(n: int) -> None:
    x = np.random.default_rng(n).standard_normal(n) ** 3
    e = estimate(x, np.random.default_rng(1), resamples=50)
    assert (e.n, e.iqm, e.median, e.mean) == (n, iqm(x), np.median(x), np.mean(x))
    assert n == 1 or e.sd == np.std(x, ddof=1)
    drawn = x[np.random.default_rng(1).integers(n, size=(50, n))]
    intervals = [np.quantile(of, [0.025, 0.975]) for of in (iqm(drawn), np.median(drawn, axis=1), drawn.mean(axis=1))]
    ours = [(e.lo, e.hi), (e.median_lo, e.median_hi), (e.mean_lo, e.mean_hi)]
    np.testing.assert_allclose(ours, intervals if n > 1 else np.full((3, 2), np.nan), rtol=1e-12)


def test_an_outlying_seed_moves_the_mean_but_not_the_iqm() -> None:
    e = estimate([0.1, 0.2, 0.2, 0.2, 0.3, 0.2, 0.2, 100.0], np.random.default_rng(0))
    assert e.iqm == pytest.approx(0.2)
    assert e.mean > 12


def test_the_interval_encloses_the_iqm_and_shrinks_as_seeds_grow() -> None:
    x = np.random.default_rng(0).standard_normal(400)
    widths = []
    for n in (10, 40, 400):
        e = estimate(x[:n], np.random.default_rng(1))
        assert e.lo < e.iqm < e.hi
        widths.append(e.hi - e.lo)
    assert widths == sorted(widths, reverse=True)


def test_the_interval_covers_the_truth_about_as_often_as_the_docstring_says() -> None:
    rng = np.random.default_rng(0)
    estimates = [estimate(rng.standard_normal(10), rng, resamples=400) for _ in range(400)]
    assert np.mean([e.lo <= 0 <= e.hi for e in estimates]) == pytest.approx(0.93, abs=0.035)


def test_the_interval_is_a_function_of_the_generator_and_follows_scale_and_shift() -> None:
    x = np.random.default_rng(3).standard_normal(9)
    one = estimate(x, np.random.default_rng(5))
    assert one == estimate(x, np.random.default_rng(5))
    assert one.lo != estimate(x, np.random.default_rng(6)).lo
    moved = estimate(10 * x + 3, np.random.default_rng(5))
    np.testing.assert_allclose([moved.lo, moved.hi], [10 * one.lo + 3, 10 * one.hi + 3])


def test_one_seed_has_no_interval_and_equal_seeds_one_of_no_width() -> None:
    alone = estimate([0.4], np.random.default_rng(0))
    assert (alone.n, alone.iqm, alone.mean) == (1, 0.4, 0.4)
    assert np.isnan([alone.lo, alone.hi, alone.sd]).all()
    equal = estimate([0.5] * 6, np.random.default_rng(0))
    assert (equal.lo, equal.hi, equal.sd) == (0.5, 0.5, 0.0)


def test_non_dominated_by_hand() -> None:
    costs = [(1, 5), (2, 3), (2, 4), (3, 3), (4, 1), (5, 2), (1, 5)]
    assert non_dominated(costs).tolist() == [True, True, False, False, True, False, True]


def test_a_point_with_a_nan_is_on_no_front_and_dominates_nothing() -> None:
    assert non_dominated([(0, np.nan), (1, 1), (np.nan, 0)]).tolist() == [False, True, False]
    assert non_dominated(np.empty((0, 2))).shape == (0,)


def test_the_front_of_three_costs_is_that_of_pairwise_comparison() -> None:
    costs = np.random.default_rng(0).integers(0, 4, (40, 3))
    expected = [not any((b <= a).all() and (b < a).any() for b in costs) for a in costs]
    assert non_dominated(costs).tolist() == expected


def test_iqm_median_and_mean_are_rliables_and_their_intervals_near_it() -> None:
    """rliable 1.2.0, get_interval_estimates with 50,000 resamples of this sample (its own draws: within noise)."""
    x = [0.221, 0.324, 0.11, 0.44, 0.364, 0.271, 0.269, 0.33, 0.273, 0.277]
    e = estimate(x, np.random.default_rng(0), resamples=50_000)
    np.testing.assert_allclose([e.iqm, e.mean, e.median], [0.29066667, 0.2879, 0.275], atol=1e-8)
    np.testing.assert_allclose([e.lo, e.mean_lo, e.median_lo], [0.23749583, 0.2349, 0.246], atol=1.5e-3)
    np.testing.assert_allclose([e.hi, e.mean_hi, e.median_hi], [0.33933333, 0.3384, 0.344], atol=1.5e-3)


def test_the_interval_of_the_mean_is_scipys_percentile_bootstrap() -> None:
    x = np.random.default_rng(1).standard_normal(12)
    ours = estimate(x, np.random.default_rng(0), resamples=20_000)
    theirs = scipy_stats.bootstrap(
        (x,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    np.testing.assert_allclose([ours.mean_lo, ours.mean_hi], theirs, atol=0.02)
