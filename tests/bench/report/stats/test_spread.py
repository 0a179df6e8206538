"""Variance components, rank agreement, hypervolume."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from bench.report.stats import rank_correlation
from bench.report.stats.hypervolume import Box, box, dominated_share, hypervolume
from bench.report.stats.rank_correlation import agreement, stratified
from bench.report.stats.variance import variance_components

MEANS = {"a": [0.1], "b": [0.2, 0.3, 0.5], "c": [0.4, 0.5, 0.9]}


def made(
    rng: np.random.Generator, seed_sd: float, evaluation_sd: float, repeats: int
) -> dict[str, dict[str, list[list[float]]]]:
    return {
        m: {
            str(mu): [list(mu + rng.normal(0, seed_sd) + rng.normal(0, evaluation_sd, repeats)) for _ in range(5)]
            for mu in mus
        }
        for m, mus in MEANS.items()
    }


def test_variance_components_are_unbiased() -> None:
    rng = np.random.default_rng(0)
    found = np.mean([variance_components(made(rng, 0.1, 0.05, 3)) for _ in range(300)], axis=0)
    method = np.var([np.mean(mus) for mus in MEANS.values()])
    strength = np.mean([np.var(mus) for mus in MEANS.values()])
    np.testing.assert_allclose(found, [method, strength, 0.01, 0.0025], rtol=0.06)


def test_a_balanced_design_gives_the_textbooks_anova() -> None:
    """One-way: (MS between runs - MS within) / repeats, and MS within."""
    y = np.random.default_rng(1).normal(0, 1, (12, 4)) + np.random.default_rng(2).normal(0, 2, (12, 1))
    between, within = 4 * y.mean(axis=1).var(ddof=1), y.var(axis=1, ddof=1).mean()
    found = variance_components({"a": {"x": y.tolist()}})
    assert found.evaluation == pytest.approx(within)
    assert found.seed == pytest.approx((between - within) / 4)
    assert (found.method, found.strength) == (0.0, 0.0)
    assert sum(found.shares) == pytest.approx(1)


def test_an_unbalanced_design_by_hand() -> None:
    """Settings x, y, z, w with run means 22 26, 2 4 9, 1 11 and 32; of one run w has the error of the others."""
    found = variance_components(
        {
            "a": {"x": [[21, 23], [25, 27]], "y": [[2, 2], [4, 4], [9, 9, 9, 9]]},
            "b": {"z": [[0, 2], [10, 12]], "w": [[30, 34]]},
        }
    )
    evaluation = (2 + 2 + 0 + 0 + 0 + 2 + 2 + 8) / 8
    pooled = ((8 + 13) / 2 + 50) / 2  # variances of run means within settings, methods weighing the same
    error = {"x": 8 / 2, "y": 13 / 3, "z": 50 / 2, "w": pooled}  # of the settings' means 24, 5, 6, 32
    strength_a = (24 - 5) ** 2 / 4 - (error["x"] + error["y"]) / 4
    strength_b = (32 - 6) ** 2 / 4 - (error["z"] + error["w"]) / 4
    method = (19 - 14.5) ** 2 / 4 - (sum(error.values()) / 4) / 4
    per_run = 8 / (7 / 2 + 1 / 4)  # harmonic mean of the numbers of evaluations
    expected = [method, (strength_a + strength_b) / 2, pooled - evaluation / per_run, evaluation]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_what_cannot_be_told_is_nan() -> None:
    assert np.isnan(variance_components({"a": {"x": [[0.1]]}, "b": {"y": [[0.4]]}})).all()
    once = variance_components({"a": {"x": [[0.1], [0.3]]}, "b": {"y": [[0.4]]}})
    assert np.isnan(once.evaluation)
    assert once.seed == pytest.approx(0.02)
    assert np.isnan(variance_components({"a": {"x": [[0.1], [0.1]]}}).shares.seed)


def test_agreement_is_scipys_spearman_with_ties() -> None:
    x = np.random.default_rng(0).integers(0, 6, (40, 3)).astype(float)
    found = agreement(x, [str(i // 10) for i in range(40)], np.random.default_rng(1), resamples=200)
    for i, j in itertools.combinations(range(3), 2):
        assert found.rho[i, j] == pytest.approx(scipy_stats.spearmanr(x[:, i], x[:, j]).statistic)
        assert found.lo[i, j] < found.rho[i, j] < found.hi[i, j]
    np.testing.assert_allclose(np.diag(found.rho), 1)


def test_intervals_of_agreement_are_percentiles_of_scipys_spearman_over_resamples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = np.random.default_rng(0).integers(0, 6, (40, 2)).astype(float)
    strata = [str(i // 10) for i in range(40)]
    found = agreement(x, strata, np.random.default_rng(1), resamples=60)
    drawn = stratified(strata, np.random.default_rng(1), 60)
    expected = np.quantile([scipy_stats.spearmanr(*x[rows].T).statistic for rows in drawn], [0.025, 0.975])
    np.testing.assert_allclose([found.lo[1, 0], found.hi[1, 0]], expected, rtol=1e-12)
    monkeypatch.setattr(rank_correlation, "BLOCK", 7 * 40)
    in_blocks = agreement(x, strata, np.random.default_rng(1), resamples=60)
    assert [a.tobytes() for a in in_blocks] == [a.tobytes() for a in found]


def test_agreement_uses_the_runs_that_have_both() -> None:
    x = np.random.default_rng(0).normal(size=(20, 2))
    x[:5, 0] = np.nan
    found = agreement(x, ["s"] * 20, np.random.default_rng(1), resamples=50)
    assert found.rho[0, 1] == pytest.approx(scipy_stats.spearmanr(*x[5:].T).statistic)
    assert found.runs.tolist() == [[15, 15], [15, 20]]


def test_agreement_without_spread_or_seeds_is_nan_without_warning() -> None:
    constant = agreement([[1, 2], [1, 3], [1, 4]], ["s"] * 3, np.random.default_rng(0), resamples=10)
    assert np.isnan(constant.rho[0, 1])
    single = agreement([[1, 2], [2, 3], [3, 5]], ["a", "b", "c"], np.random.default_rng(0))
    assert single.rho[0, 1] == pytest.approx(1)
    assert np.isnan(single.lo[0, 1])
    few = agreement([[1, 2], [2, 3]], ["a", "b"], np.random.default_rng(0))
    assert np.isnan(few.rho).all()


def test_resamples_stay_in_their_stratum() -> None:
    drawn = stratified(["a", "b", "a", "b", "b"], np.random.default_rng(0), 50)
    assert set(drawn[:, [0, 2]].ravel()) == {0, 2}
    assert set(drawn[:, [1, 3, 4]].ravel()) == {1, 3, 4}


def test_dominated_share_by_hand_and_by_counting() -> None:
    unit = Box(1, 0, 0, 1)
    assert dominated_share([(0.5, 0.5)], unit) == pytest.approx(0.25)
    assert dominated_share([(0.5, 0.5), (0.75, 0.8), (0.9, 0.1), (2.0, 0.9)], unit) == pytest.approx(0.25 + 0.25 * 0.3)
    points, rng = np.random.default_rng(0).random((6, 2)), np.random.default_rng(1)
    at = rng.random((100_000, 2))
    hit = np.any((points[:, None, 0] <= at[:, 0]) & (points[:, None, 1] >= at[:, 1]), axis=0)
    assert dominated_share(points, unit) == pytest.approx(hit.mean(), abs=0.005)


def test_the_share_does_not_depend_on_the_units_of_the_cost() -> None:
    points = np.random.default_rng(0).random((6, 2))
    moved = points * np.array([30.0, 1.0]) + np.array([7.0, 0.0])
    assert dominated_share(moved, Box(37, 0, 7, 1)) == pytest.approx(dominated_share(points, Box(1, 0, 0, 1)))
    assert dominated_share(points, Box(1, 0, 1, 1)) == 0.0


def test_the_box_is_that_of_the_settings_and_nothing_beyond_it_counts() -> None:
    assert box([20.0, 30.0], [0.1, 0.4]) == Box(31.0, 0.0, 19.0, 1.0)
    assert box([20.0, 30.0], [-0.5, 1.5]) == Box(31.0, -0.5, 19.0, 1.5)
    assert dominated_share([(10.0, 3.0)], Box(31.0, 0.0, 19.0, 1.0)) == 1.0


def test_hypervolume_keeps_the_seeds_of_a_run_together_and_needs_two() -> None:
    settings = [np.random.default_rng(i).random((6, 2)) for i in range(2)]
    within = box(np.vstack(settings)[:, 0], np.vstack(settings)[:, 1])
    found = hypervolume(settings, within, np.random.default_rng(0), resamples=200)
    assert 0 < found.lo <= found.share <= found.hi <= 1
    alone = hypervolume([s[:1] for s in settings], within, np.random.default_rng(0))
    assert np.isnan([alone.lo, alone.hi]).all()


def test_the_interval_of_a_hypervolume_is_of_quantiles_over_resampled_seeds() -> None:
    settings = [np.random.default_rng(i).random((6, 2)) for i in range(2)]
    within = box(np.vstack(settings)[:, 0], np.vstack(settings)[:, 1])
    found = hypervolume(settings, within, np.random.default_rng(0), resamples=100)
    rng = np.random.default_rng(0)
    places = [rng.integers(6, size=(100, 6)) for _ in settings]
    shares = [
        dominated_share(
            [scipy_stats.trim_mean(s[rows[i]], 0.25) for s, rows in zip(settings, places, strict=True)], within
        )
        for i in range(100)
    ]
    np.testing.assert_allclose([found.lo, found.hi], np.quantile(shares, [0.025, 0.975]), rtol=1e-12)
