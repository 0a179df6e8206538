import itertools

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import optimize
from scipy import stats as scipy_stats

from bench.report.stats import mann_whitney
from bench.report.stats.mann_whitney import (
    LOG_ODDS,
    compare,
    improvement_interval,
    improvement_variance,
    stratified_p,
    u_distribution,
    upper_tails,
)

# rliable 1.2.0 on these two samples: P(Y>X) = 0.83.
X = [0.221, 0.324, 0.11, 0.44, 0.364, 0.271, 0.269, 0.33, 0.273, 0.277]
Y = [0.486, 0.462, 0.392, 0.39, 0.419, 0.326, 0.352, 0.466, 0.384, 0.235]
ODDS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])


def permutation_p(a: ArrayLike, b: ArrayLike) -> float:
    """Twice the smaller tail of A's rank sum over all choices of A's places among the ranks of both."""
    ranks = scipy_stats.rankdata(np.concatenate([a, b]))
    m = np.size(a)
    sums = np.array([sum(chosen) for chosen in itertools.combinations(ranks, m)])
    seen = ranks[:m].sum()
    return min(1.0, 2 * float(min(np.mean(sums <= seen), np.mean(sums >= seen))))


def drawn(rng: np.random.Generator, theta: float, n: int, samples: int, *, spread: float = 1.0) -> list[np.ndarray]:
    """Normal A, of this standard deviation, and B, of 1, with this P(A>B): each (samples, n)."""
    shift = np.hypot(spread, 1) * scipy_stats.norm.ppf(theta)
    return [shift + spread * rng.standard_normal((samples, n)), rng.standard_normal((samples, n))]


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 7), (5, 5), (10, 10), (7, 12), (30, 20), (50, 50)])
def test_p_is_scipys_exact_p_where_nothing_ties(m: int, n: int) -> None:
    rng = np.random.default_rng(m)
    a, b = rng.normal(0.7, 1, m), rng.normal(0, 2, n)
    expected = scipy_stats.mannwhitneyu(a, b, method="exact")
    test = compare(a, b)
    assert test.u == expected.statistic
    assert test.p == pytest.approx(expected.pvalue, rel=1e-10)


@pytest.mark.parametrize("seed", range(12))
def test_p_with_ties_is_a_count_over_all_permutations(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, 3 + seed % 4) + 1, rng.integers(0, 5, 6)
    test = compare(a, b)
    assert test.p == pytest.approx(permutation_p(a, b), rel=1e-12)
    assert test.u == np.sum((a[:, None] > b) + 0.5 * (a[:, None] == b))


def test_improvement_is_rliables() -> None:
    assert compare(Y, X).improvement == pytest.approx(0.83)
    assert compare([1, 2, 3], [1, 2, 2]).improvement == pytest.approx(0.6111111111111112)  # rliable 1.2.0


def test_ties_survive_rounding() -> None:
    a, b = np.array([0.1, 0.3, 0.7, 0.7]), np.array([0.3, 0.7, 0.9, 0.9])
    rounded = 1 - (1 - np.array([0.3, 0.7, 0.9, 0.9]))
    assert not np.array_equal(rounded, b)
    assert compare(a, rounded) == compare(a, b)
    assert compare(a * 3 / 3, b) == compare(a, b)
    assert compare([0.0, 0.2], [1e-17, 0.5]).u == compare([0.0, 0.2], [0.0, 0.5]).u
    assert compare([0.30001], [0.3]).u == 1  # a difference that scores have


def test_equal_samples_are_no_difference() -> None:
    assert compare([0.4] * 5, [0.4] * 7)[2:] == (17.5, 0.5, 1.0)
    assert compare([0.0] * 60, [0.0] * 60).p == 1.0


def test_all_seeds_of_one_side_higher_give_the_least_p() -> None:
    assert compare(range(5), range(5, 10)).p == pytest.approx(2 / 252)
    assert compare(range(5, 10), range(5)).p == pytest.approx(2 / 252)
    assert compare(range(10, 20), range(10)).p == pytest.approx(2 / 184_756)


def test_neither_order_nor_scale_nor_sign_matters() -> None:
    one, two = compare(X, Y), compare(Y, X)
    assert one.u == 100 - two.u
    assert one.p == pytest.approx(two.p, rel=1e-12)
    scaled = compare(-10 * np.array(X) + 3, -10 * np.array(Y) + 3)
    assert scaled.u == two.u
    assert improvement_interval(two.u, 10, 10) == pytest.approx(
        tuple(1 - bound for bound in reversed(improvement_interval(one.u, 10, 10)))
    )


def test_the_exact_test_rejects_at_most_as_often_as_it_says_with_ties_or_without() -> None:
    rng = np.random.default_rng(0)
    for scores in (rng.standard_normal((2000, 2, 8)), rng.integers(0, 4, (2000, 2, 8)).astype(float)):
        rejected = np.mean([compare(a, b).p <= 0.05 for a, b in scores])
        assert 0.02 < rejected < 0.062  # 0.05 and two standard errors


def test_beyond_what_is_counted_p_is_scipys_normal_approximation_with_ties_and_continuity() -> None:
    rng = np.random.default_rng(0)
    for a, b in (
        (rng.normal(0.2, 1, 60), rng.standard_normal(70)),
        (rng.integers(0, 4, 60), rng.integers(0, 5, 60)),
    ):
        expected = scipy_stats.mannwhitneyu(a, b, method="asymptotic", use_continuity=True)
        assert compare(a, b).p == pytest.approx(expected.pvalue, rel=1e-9)


def test_that_approximation_is_near_the_exact_p(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 30, 50), rng.integers(0, 26, 50)
    exact = compare(a, b)
    monkeypatch.setattr(mann_whitney, "EXACT_TEST", 0)
    assert compare(a, b).p == pytest.approx(exact.p, rel=0.03)


def test_with_ties_the_bounds_lie_between_those_of_whole_numbers() -> None:
    for u in (12, 15, 20, 24):
        bounds = [improvement_interval(v, 5, 5) for v in (u, u + 0.5, u + 1)]
        assert bounds[0][0] < bounds[1][0] < bounds[2][0]
        assert bounds[0][1] < bounds[1][1] <= bounds[2][1]


def test_the_model_at_even_odds_is_the_null_distribution() -> None:
    for m, n in ((1, 1), (3, 5), (6, 6)):
        null = u_distribution(m, n, ODDS)[2]
        ranks = [sum(places) - m * (m + 1) // 2 for places in itertools.combinations(range(1, m + n + 1), m)]
        np.testing.assert_allclose(null, np.bincount(ranks, minlength=m * n + 1) / len(ranks), atol=1e-14)


def test_the_model_is_that_of_exponential_times_and_their_mirror_image() -> None:
    m, n, samples = 4, 3, 40_000
    rng = np.random.default_rng(0)
    for odds, found in zip(np.exp(ODDS), u_distribution(m, n, ODDS), strict=True):
        a, b = rng.exponential(odds, (samples, m, 1)), rng.exponential(1, (samples, 1, n))
        plain = (a > b).sum((1, 2))
        # P(A>B) of the mirror image -A, -B is 1 - P(A>B): so the means of the times are swapped.
        mirrored = (-rng.exponential(1, (samples, m, 1)) > -rng.exponential(odds, (samples, 1, n))).sum((1, 2))
        seen = np.bincount(np.concatenate([plain, mirrored]), minlength=m * n + 1) / (2 * samples)
        np.testing.assert_allclose(found, seen, atol=0.008)


def test_the_models_mean_and_variance_are_newcombes() -> None:
    theta = 1 / (1 + np.exp(-ODDS))
    distribution = u_distribution(8, 8, ODDS)
    shares = np.arange(65) / 64
    np.testing.assert_allclose(distribution.sum(1), 1)
    np.testing.assert_allclose(distribution @ shares, theta)
    variances = distribution @ shares**2 - theta**2
    np.testing.assert_allclose(variances, [improvement_variance(t, 8, 8) for t in theta])


@pytest.mark.parametrize("u", [1, 20, 24, 40, 56, 63, 64])
def test_a_bound_is_the_truth_at_which_the_observed_u_is_the_last_that_is_not_rejected(u: int) -> None:
    lo, hi = improvement_interval(u, 8, 8)

    def tail(odds: float) -> float:
        return float(u_distribution(8, 8, np.array([-odds, odds]))[1, u:].sum()) - 0.025

    assert lo == pytest.approx(1 / (1 + np.exp(-optimize.brentq(tail, -8, 8))), abs=1e-3)
    assert (hi == 1.0) == (u == 64)


def test_the_interval_excludes_a_half_where_the_test_rejects_and_nowhere_else() -> None:
    for n in (4, 5, 9, 13):
        null = upper_tails(n, n)[LOG_ODDS.size // 2]
        for u in range(n * n // 2, n * n + 1):
            assert (improvement_interval(u, n, n)[0] > 0.5) == (2 * null[u] < 0.05)


def test_the_interval_has_a_width_where_all_seeds_agree_and_shrinks_with_seeds() -> None:
    lows = [improvement_interval(n * n, n, n)[0] for n in (2, 5, 10, 20, 40)]
    assert lows == sorted(lows)
    assert lows[1] == pytest.approx(0.655, abs=0.002)
    assert improvement_interval(25, 5, 5)[1] == 1.0
    assert improvement_interval(0, 5, 5)[0] == 0.0


def test_the_normal_interval_takes_over_where_the_exact_one_ends() -> None:
    for share in (0.5, 0.75, 0.9):
        exact = improvement_interval(400 * share, 20, 20)
        beyond = improvement_interval(441 * share, 21, 21)
        np.testing.assert_allclose(beyond, exact, atol=0.02)
    assert 0.9 < improvement_interval(441, 21, 21)[0] < improvement_interval(400, 20, 20)[0]


@pytest.mark.parametrize("n", [5, 10])
@pytest.mark.parametrize("theta", [0.5, 0.8, 0.95])
def test_the_interval_holds_the_truth_in_at_least_95_of_100_samples_of_normal_scores(n: int, theta: float) -> None:
    a, b = drawn(np.random.default_rng(n), theta, n, 3000)
    wins = (a[:, :, None] > b[:, None, :]).sum((1, 2))
    bounds = {u: improvement_interval(u, n, n) for u in np.unique(wins).tolist()}
    held = np.mean([bounds[u][0] <= theta <= bounds[u][1] for u in wins.tolist()])
    assert held > 0.94


def test_the_interval_stays_near_its_level_where_one_setting_is_four_times_as_spread() -> None:
    for theta in (0.5, 0.85):
        a, b = drawn(np.random.default_rng(1), theta, 10, 3000, spread=4.0)
        wins = (a[:, :, None] > b[:, None, :]).sum((1, 2))
        held = [(i := improvement_interval(u, 10, 10))[0] <= theta <= i[1] for u in wins.tolist()]
        assert 0.87 < np.mean(held) < 0.95


def test_one_stratum_is_the_test_of_two_samples():
    rng = np.random.default_rng(4)
    for m, n in [(3, 4), (5, 5), (60, 70)]:  # the last beyond EXACT_TEST
        a, b = rng.random(m).round(1), rng.random(n).round(1)  # with ties
        assert stratified_p([(a, b)]) == pytest.approx(compare(a, b).p, rel=1e-12)


def test_strata_are_permuted_each_by_itself():
    """Against every choice of places within every stratum, with ties."""
    a, b = ([0.3, 0.5, 0.5], [7.0, 9.0]), ([0.1, 0.5, 0.2, 0.4], [8.0, 6.0, 5.0])
    law = np.ones(1)
    seen = 0.0
    for x, y in zip(a, b, strict=True):
        ranks = scipy_stats.rankdata([*x, *y])
        sums = [2 * sum(chosen) for chosen in itertools.combinations(ranks, len(x))]
        law = np.convolve(law, np.bincount(np.array(sums, dtype=int)) / len(sums))
        seen += 2 * ranks[: len(x)].sum()
    expected = min(1.0, 2 * min(law[: int(seen) + 1].sum(), law[int(seen) :].sum()))
    assert stratified_p(list(zip(a, b, strict=True))) == pytest.approx(expected, rel=1e-12)


def test_a_direction_that_all_strata_share_is_found():
    one = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert stratified_p([one]) == pytest.approx(2 / 20)
    assert stratified_p([one] * 4) == pytest.approx(2 / 20**4)
    assert stratified_p([one, one[::-1]]) == 1.0
    assert stratified_p([([1.0], [1.0])]) == 1.0
    many = (np.arange(60.0), np.arange(60.0) + 20)
    assert stratified_p([many, many]) < stratified_p([many]) < 0.001
