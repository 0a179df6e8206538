"""Statistics over seeds, as functions of arrays. Agarwal et al. 2021, Deep RL at the Edge of the Statistical Precipice.

A sample is one number per seed. Where a method sums up a sample it is the interquartile mean: less moved by a lucky or
an unlucky seed than the mean, and less wasteful of seeds than the median.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """What a sample of n seeds says: interquartile mean, its interval (nan for n = 1), mean and standard deviation."""

    n: int
    iqm: float
    lo: float
    hi: float
    mean: float
    sd: float


def iqm(x: ArrayLike) -> Floats:
    """Interquartile mean over the last axis, (..., n) -> (...): the mean without the floor(n/4) least and greatest.

    The 25 % trimmed mean of `scipy.stats.trim_mean(x, 0.25)`, which rliable uses; below n = 4 nothing is trimmed.
    """
    ordered = np.sort(np.asarray(x, dtype=np.float64), axis=-1)
    n = ordered.shape[-1]
    cut = n // 4
    return np.asarray(ordered[..., cut : n - cut].mean(axis=-1))


def bootstrap_interval(
    x: ArrayLike, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000
) -> tuple[float, float]:
    """Percentile bootstrap interval of the interquartile mean of x (n,): seeds resampled with replacement.

    nan, nan for n < 2, where nothing is known of the spread. With few seeds it is too narrow: of 3,000 normal samples
    the interval of level 0.95 held the truth for .74 at n = 3, .90 at n = 5, .93 at n = 10 and .94 at n = 20.
    """
    sample = np.asarray(x, dtype=np.float64)
    if sample.size < 2:
        return float("nan"), float("nan")
    drawn = sample[rng.integers(sample.size, size=(resamples, sample.size))]
    tail = (1 - level) / 2
    lo, hi = np.quantile(iqm(drawn), [tail, 1 - tail])
    return float(lo), float(hi)


def estimate(x: ArrayLike, rng: np.random.Generator, *, level: float = 0.95, resamples: int = 2000) -> Estimate:
    """Sum up x (n,), one finite number per seed, n >= 1. The sd has the n - 1 denominator: nan for n = 1."""
    sample = np.asarray(x, dtype=np.float64)
    lo, hi = bootstrap_interval(sample, rng, level=level, resamples=resamples)
    sd = float(sample.std(ddof=1)) if sample.size > 1 else float("nan")
    return Estimate(sample.size, float(iqm(sample)), lo, hi, float(sample.mean()), sd)


def non_dominated(costs: ArrayLike) -> NDArray[np.bool_]:
    """Which of N points (N, d), lower better in every column, no other point dominates: (N,).

    A point dominates another if it is nowhere worse and somewhere better; equal points do not dominate each other.
    A point with a nan is on no front and dominates nothing.
    """
    points = np.asarray(costs, dtype=np.float64)
    known = ~np.any(np.isnan(points), axis=1)
    no_worse = np.all(points[:, None, :] <= points[None, :, :], axis=-1)  # [i, j]: i nowhere worse than j
    better = np.any(points[:, None, :] < points[None, :, :], axis=-1)
    dominated = np.any(no_worse & better, axis=0)
    return np.asarray(known & ~dominated, dtype=np.bool_)
