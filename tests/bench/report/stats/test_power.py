import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.report.stats import power as power_module
from bench.report.stats.mann_whitney import (
    LOG_ODDS,
    compare,
    improvement_interval,
    improvement_variance,
    u_distribution,
)
from bench.report.stats.power import (
    MOST_SEEDS,
    detectable,
    power,
    seeds_to_be_equivalent,
    seeds_to_differ,
)


def rejected(theta: float, n: int, alpha: float, samples: int = 1500) -> float:
    """How often n normal seeds a side of this P(A>B) give p <= alpha and A the higher."""
    rng = np.random.default_rng(n)
    shift = np.sqrt(2) * scipy_stats.norm.ppf(theta)
    tests = [compare(shift + rng.standard_normal(n), rng.standard_normal(n)) for _ in range(samples)]
    return float(np.mean([t.p <= alpha and t.improvement > 0.5 for t in tests]))


@pytest.mark.parametrize(
    ("theta", "n", "alpha"), [(0.95, 5, 0.05), (0.85, 10, 0.05), (0.9, 10, 0.05 / 6), (0.75, 25, 0.05)]
)
def test_power_is_how_often_the_exact_test_finds_a_normal_difference(theta: float, n: int, alpha: float) -> None:
    assert power(theta, n, n, alpha=alpha) == pytest.approx(rejected(theta, n, alpha), abs=0.04)


def test_power_counts_the_right_tail_alone() -> None:
    """That of the truth: of no difference half of the size, of one to the other side nearly nothing."""
    for n in (10, 30):
        assert power(0.5, n, n, alpha=0.05) == pytest.approx(0.025, abs=0.004)
        assert power(0.1, n, n, alpha=0.05) < 1e-6
        assert power(0.9, n, n, alpha=0.05) > 0.9


def test_power_is_the_models_tail_beyond_the_critical_value() -> None:
    odds = np.array([-LOG_ODDS[100], LOG_ODDS[100]])
    theta = 1 / (1 + np.exp(-odds[1]))
    null = np.cumsum(u_distribution(6, 7, np.zeros(1))[0][::-1])[::-1]
    critical = int(np.argmax(2 * null <= 0.01))
    expected = u_distribution(6, 7, odds)[1, critical:].sum()
    assert power(theta, 6, 7, alpha=0.01) == pytest.approx(expected, rel=1e-9)


def test_what_is_detectable_is_detected_in_80_of_100_samples() -> None:
    for n, alpha in ((5, 0.05), (10, 0.05 / 24), (16, 0.05 / 249), (40, 0.05 / 24)):
        assert power(detectable(n, n, alpha=alpha), n, n, alpha=alpha) == pytest.approx(0.8, abs=0.005)


def test_nothing_is_detectable_where_no_u_has_so_small_a_p() -> None:
    assert np.isnan(detectable(5, 5, alpha=0.05 / 7))  # 7 * 2 / 252 > 0.05
    assert detectable(5, 5, alpha=0.05 / 6) > 0.95
    assert power(0.999, 3, 3, alpha=0.05) == 0.0
    assert np.isnan(detectable(1, 1000, alpha=1e-4))


def test_seeds_are_the_least_that_detect_it() -> None:
    for theta in (0.99, 0.9, 0.75, 0.65):
        n = seeds_to_differ(theta, alpha=0.05 / 24)
        assert detectable(n, n, alpha=0.05 / 24) <= theta
        assert not detectable(n - 1, n - 1, alpha=0.05 / 24) <= theta
    assert seeds_to_differ(0.1, alpha=0.05) == seeds_to_differ(0.9, alpha=0.05)
    assert seeds_to_differ(1.0, alpha=0.05) == 4  # 2 / 70, the first below 0.05
    assert seeds_to_differ(1.0, alpha=0.05 / 249) == 8
    assert seeds_to_differ(0.5, alpha=0.05) == MOST_SEEDS


def test_seeds_are_noethers_where_they_are_many() -> None:
    """Noether 1987: (z_alpha/2 + z_power)^2 / (6 (P - 1/2)^2) of each, near P = 1/2."""
    z = scipy_stats.norm.isf(0.025) + scipy_stats.norm.isf(0.2)
    assert seeds_to_differ(0.55, alpha=0.05) == pytest.approx(z**2 / (6 * 0.05**2), rel=0.01)


def test_seeds_of_equivalence_bring_the_interval_within_the_margin_in_80_of_100_samples() -> None:
    for theta in (0.5, 0.55):
        n = seeds_to_be_equivalent(theta, alpha=0.05, margin=0.2)
        rng = np.random.default_rng(n)
        shift = np.sqrt(2) * scipy_stats.norm.ppf(theta)
        a, b = shift + rng.standard_normal((600, n, 1)), rng.standard_normal((600, 1, n))
        intervals = np.array([improvement_interval(u, n, n) for u in (a > b).sum((1, 2))])
        within = (intervals[:, 0] >= 0.3) & (intervals[:, 1] <= 0.7)
        assert np.mean(within) == pytest.approx(0.8, abs=0.06)
    assert seeds_to_be_equivalent(0.7, alpha=0.05, margin=0.2) == MOST_SEEDS


def test_seeds_of_equivalence_by_hand() -> None:
    """P(A>B) must be found nearer to 1/2 than 0.2 less z standard errors where it is 0.7, on both sides."""
    z = scipy_stats.norm.isf(0.025)
    often = [
        2
        * scipy_stats.norm.cdf(
            (0.2 - z * improvement_variance(0.7, n, n) ** 0.5) / improvement_variance(0.5, n, n) ** 0.5
        )
        - 1
        for n in range(1, 100)
    ]
    first = next(n for n, share in enumerate(often, start=1) if share >= 0.8)
    assert seeds_to_be_equivalent(0.5, alpha=0.05, margin=0.2) == first == 40


def test_the_normal_approximation_takes_over_near_where_the_exact_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    for alpha in (0.05, 0.05 / 24):
        exact = detectable(20, 20, alpha=alpha)
        with monkeypatch.context() as patched:
            patched.setattr(power_module, "EXACT_MODEL", 0)
            near = detectable.__wrapped__(20, 20, alpha=alpha)
        assert near == pytest.approx(exact, abs=0.01)
