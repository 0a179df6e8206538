"""Statistics over seeds, as functions of arrays. Agarwal et al. 2021, Deep RL at the Edge of the Statistical Precipice.

A sample is one number per seed. Where a method sums up a sample it is the interquartile mean: less moved by a lucky or
an unlucky seed than the mean, and less wasteful of seeds than the median.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LEVEL = 0.95  # of intervals
TAILS = (1 - LEVEL) / 2, (1 + LEVEL) / 2


class Estimate(NamedTuple):
    """What a sample of n seeds says: interquartile mean, median and mean, the interval of each, standard deviation.

    Intervals and sd are nan for n = 1.
    """

    n: int
    iqm: float
    lo: float
    hi: float
    median: float
    median_lo: float
    median_hi: float
    mean: float
    mean_lo: float
    mean_hi: float
    sd: float


def iqm(x: ArrayLike) -> Floats:
    """Interquartile mean over the last axis, (..., n) -> (...): the mean without the floor(n/4) least and greatest.

    The 25 % trimmed mean of `scipy.stats.trim_mean(x, 0.25)`, which rliable uses; below n = 4 nothing is trimmed.
    """
    return _trimmed(np.sort(np.asarray(x, dtype=np.float64), axis=-1))


def estimate(x: ArrayLike, rng: np.random.Generator, *, resamples: int = 2000) -> Estimate:
    """Sum up x (n,), one finite number per seed, n >= 1; the sd has the denominator n - 1.

    Intervals are percentile bootstrap intervals: seeds resampled with replacement, the same for all three statistics.
    With few seeds they are too narrow: of 3,000 normal samples that of the interquartile mean held the truth for .74
    at n = 3, .90 at n = 5, .93 at n = 10 and .94 at n = 20.
    """
    sample = np.asarray(x, dtype=np.float64)
    n = sample.size
    drawn = sample[rng.integers(n, size=(resamples, n))]
    unknown = np.full(2, math.nan)
    numbers = [
        (centre, *(np.quantile(resampled, TAILS) if n > 1 else unknown))
        for centre, resampled in zip(_centres(sample), _centres(drawn), strict=True)
    ]
    sd = sample.std(ddof=1) if n > 1 else math.nan
    return Estimate._make([n, *np.ravel(numbers).tolist(), float(sd)])


def _centres(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Interquartile mean, median and mean of the same numbers, which are sorted once."""
    ordered = np.sort(x, axis=-1)
    n = ordered.shape[-1]
    return _trimmed(ordered), ordered[..., (n - 1) // 2 : n // 2 + 1].mean(axis=-1), x.mean(axis=-1)


def _trimmed(ordered: Floats) -> Floats:
    n = ordered.shape[-1]
    cut = n // 4
    return np.asarray(ordered[..., cut : n - cut].mean(axis=-1))
