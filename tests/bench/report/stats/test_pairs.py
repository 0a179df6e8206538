import itertools
import warnings

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.report.stats.pairs import (
    compare,
    holm,
    improvement,
    improvement_all_pairs,
    least_p,
    power,
    resolvable,
    seeds_needed,
    signed_rank_p,
    wilson_interval,
)

# rliable 1.2.0 on these two samples: P(Y>X) = 0.83.
X = [0.221, 0.324, 0.11, 0.44, 0.364, 0.271, 0.269, 0.33, 0.273, 0.277]
Y = [0.486, 0.462, 0.392, 0.39, 0.419, 0.326, 0.352, 0.466, 0.384, 0.235]


def test_improvement_counts_seeds_and_halves_ties() -> None:
    assert improvement([1, 2, 3, 4], [0, 2, 5, 1]) == 0.625
    assert improvement_all_pairs([1, 2, 3], [1, 2, 2]) == pytest.approx(0.6111111111111112)  # as rliable 1.2.0


def test_all_pairs_is_rliables_improvement_and_mann_whitneys_u() -> None:
    assert improvement_all_pairs(Y, X) == pytest.approx(0.83)
    assert improvement_all_pairs(Y, X) == scipy_stats.mannwhitneyu(Y, X).statistic / 100


@pytest.mark.parametrize("n", [1, 2, 5, 8, 13, 30])
def test_signed_rank_is_scipys_exact_test_where_nothing_ties(n: int) -> None:
    d = np.random.default_rng(n).normal(0.4, 1, n)
    assert signed_rank_p(d) == pytest.approx(scipy_stats.wilcoxon(d, method="exact").pvalue, rel=1e-12)


def test_signed_rank_with_ties_and_zeros_is_a_count_over_all_signs() -> None:
    d = np.array([0.0, 1, 1, -1, 2, 2, 3, -0.5])
    kept = d[d != 0]
    ranks = scipy_stats.rankdata(np.abs(kept))
    seen = ranks[kept > 0].sum()
    sums = [ranks[np.array(signs)].sum() for signs in itertools.product([True, False], repeat=len(kept))]
    expected = 2 * min(np.mean(np.array(sums) <= seen), np.mean(np.array(sums) >= seen))
    assert signed_rank_p(d) == pytest.approx(expected, rel=1e-12)
    assert signed_rank_p([0.0, 0.0]) == 1.0


def test_signed_rank_rejects_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    assert np.mean([signed_rank_p(rng.standard_normal(10)) <= 0.05 for _ in range(2000)]) == pytest.approx(
        0.049, abs=0.012
    )


def test_agreeing_seeds_give_the_least_p() -> None:
    for n in range(1, 12):
        assert signed_rank_p(np.arange(1, n + 1)) == pytest.approx(least_p(n))


def test_holm_by_hand_and_in_any_order() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1.0, 1.0])
    assert holm([]).size == 0


def test_the_wilson_interval_by_its_published_values() -> None:
    # Newcombe 1998, table I: 81 of 263 and 0 of 20.
    np.testing.assert_allclose(wilson_interval(81 / 263, 263), (0.2553, 0.3662), atol=5e-5)
    np.testing.assert_allclose(wilson_interval(0.0, 20), (0.0, 0.1611), atol=5e-5)


def test_power_and_seeds_are_those_of_the_t_test() -> None:
    # statsmodels 0.14: TTestPower().solve_power(effect, power=0.8) = 33.37, 9.94, 198.15 for 0.5, 1, 0.2.
    assert [seeds_needed(e, 1.0) for e in (0.5, -1.0, 0.2)] == [34, 10, 199]
    rng = np.random.default_rng(0)
    x = rng.normal(1.0, 1.0, (20_000, 8))
    assert power(1.0, 8) == pytest.approx(np.mean(scipy_stats.ttest_1samp(x, 0, axis=1).pvalue < 0.05), abs=0.01)


def test_what_n_seeds_resolve_is_what_needs_n_seeds() -> None:
    for n in (6, 10, 50):
        assert power(resolvable(1.0, n), n) == pytest.approx(0.8)
        assert seeds_needed(resolvable(0.3, n) * 1.001, 0.3) == n
    assert resolvable(2.0, 7) == pytest.approx(2 * resolvable(1.0, 7))
    assert np.isnan(resolvable(1.0, 5))  # of five seeds the least p is 0.0625


def test_edges_of_seeds_needed() -> None:
    assert seeds_needed(0.0, 1.0) is None
    assert seeds_needed(1e-6, 1.0) is None
    assert seeds_needed(1.0, float("nan")) is None
    # However great the difference, the test needs six seeds for a p below 0.05, and eight for one below 0.05 / 6.
    assert seeds_needed(1.0, 0.0) == seeds_needed(1000.0, 1.0) == 6
    assert seeds_needed(1000.0, 1.0, alpha=0.05 / 6) == 8


def test_a_comparison_of_one_seed_or_of_equals_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alone, equal = compare([0.4], [0.3]), compare([0.2, 0.3], [0.2, 0.3])
    assert (alone.n, alone.wins, alone.p, alone.seeds_needed) == (1, 1.0, 1.0, None)
    assert np.isnan([alone.difference_sd, alone.resolvable]).all()
    assert (equal.wins, equal.p, equal.seeds_needed) == (0.5, 1.0, None)


def test_swapping_the_methods_mirrors_the_comparison() -> None:
    one, two = compare(X, Y), compare(Y, X)
    assert one.wins == pytest.approx(1 - two.wins)
    assert (one.wins_lo, one.wins_hi) == pytest.approx((1 - two.wins_hi, 1 - two.wins_lo))
    assert (one.p, one.seeds_needed) == (two.p, two.seeds_needed)
    assert one.difference == -two.difference
