"""Two methods compared seed by seed: how often one wins, how sure that is, how many seeds it would take.

a and b (n,) hold one number per seed, the same seed at the same place: it gives both methods the same initial weights,
batches and evaluation rows.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as scipy_stats

from bench.report.stats.intervals import Floats

POWER, ALPHA = 0.8, 0.05
MOST_SEEDS = 100_000  # beyond, the difference is for all purposes none


class Comparison(NamedTuple):
    """What n paired seeds say of A against B; differences are a - b.

    wins: P(A>B), between wins_lo and wins_hi; all_pairs: P(A>B) over all pairs of seeds, as rliable counts it;
    difference and difference_sd: their mean and standard deviation; p: of the signed-rank test, least_p: its least;
    seeds_needed: None where even `MOST_SEEDS` would not do; resolvable: the least mean difference that n seeds show
    with 80 % power, nan where they can show none.
    """

    n: int
    wins: float
    wins_lo: float
    wins_hi: float
    all_pairs: float
    difference: float
    difference_sd: float
    p: float
    least_p: float
    seeds_needed: int | None
    resolvable: float


def compare(a: ArrayLike, b: ArrayLike, *, alpha: float = ALPHA) -> Comparison:
    """All that is said of two methods' numbers a and b (n,), n >= 1, where a p of at most alpha is asked for.

    What one seed cannot say is nan or None.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    d = x - y
    wins = improvement(x, y)
    sd = float(d.std(ddof=1)) if d.size > 1 else math.nan
    mean = float(d.mean())
    return Comparison(
        d.size,
        wins,
        *wilson_interval(wins, d.size),
        improvement_all_pairs(x, y),
        mean,
        sd,
        signed_rank_p(d),
        least_p(d.size),
        seeds_needed(mean, sd, alpha=alpha),
        resolvable(sd, d.size, alpha=alpha),
    )


def improvement(a: ArrayLike, b: ArrayLike) -> float:
    """P(A>B): the share of seeds at which a exceeds b; a tie counts half."""
    d = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    return float(np.mean((d > 0) + 0.5 * (d == 0)))


def improvement_all_pairs(a: ArrayLike, b: ArrayLike) -> float:
    """P(A>B) over every pair of a seed of A (m,) with a seed of B (n,), ties half: Mann-Whitney's U / (m n).

    Agarwal et al. 2021, section 4.3, for one task. It does not use the pairing.
    """
    d = np.asarray(a, dtype=np.float64)[:, None] - np.asarray(b, dtype=np.float64)[None, :]
    return float(np.mean((d > 0) + 0.5 * (d == 0)))


def wilson_interval(share: float, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a share of n independent seeds. Wilson 1927; Brown, Cai & DasGupta 2001, eq. 4.

    The percentile bootstrap, which rliable uses, has no width as soon as all seeds agree; this one has.
    """
    z = float(scipy_stats.norm.ppf(0.5 + level / 2))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def signed_rank_p(differences: ArrayLike) -> float:
    """Two-sided p of Wilcoxon's signed-rank test of d (n,): exact for every n, with ties and zeros. Wilcoxon 1945.

    Zeros are dropped, equal |d| share their mean rank, and the law of the statistic over all 2^n signs is counted out
    (twice the mean ranks are whole numbers). 1 where nothing differs.
    """
    d = np.asarray(differences, dtype=np.float64)
    d = d[d != 0]
    if not d.size:
        return 1.0
    doubled = np.rint(2 * scipy_stats.rankdata(np.abs(d))).astype(int)
    law = np.ones(1)  # law[w]: P(twice the sum of positive ranks = w)
    for rank in doubled:
        wider = np.zeros(law.size + rank)
        wider[: law.size] += 0.5 * law
        wider[rank:] += 0.5 * law
        law = wider
    w = int(doubled[d > 0].sum())
    return float(min(1.0, 2 * min(law[: w + 1].sum(), law[w:].sum())))


def least_p(n: int) -> float:
    """The least two-sided p that n seeds can give, when all of them agree: 2 / 2^n, at most 1."""
    return min(1.0, 2.0 ** (1 - n))


def holm(p: ArrayLike) -> Floats:
    """p-values (m,) of one family adjusted for their number. Holm 1979: step down, never below the one before."""
    given = np.asarray(p, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    scaled = given[order] * np.arange(given.size, 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0) if given.size else scaled
    return adjusted


def power(effect: float, n: int, *, alpha: float = ALPHA) -> float:
    """Power of the two-sided paired t test for a mean difference of `effect` standard deviations and n seeds.

    The wrong tail is left out where it is below 1e-8, the right one taken for 1 where nothing is left of its
    complement: there SciPy's non-central t has no digits.
    """
    shift = effect * math.sqrt(n)
    if n < 2 or shift > 40:
        return 0.0 if n < 2 else 1.0
    t = scipy_stats.t.ppf(1 - alpha / 2, n - 1)
    wrong = scipy_stats.nct.cdf(-t, n - 1, shift) if shift < 6 else 0.0
    return float(scipy_stats.nct.sf(t, n - 1, shift) + wrong)


def seeds_needed(mean: float, sd: float, *, alpha: float = ALPHA) -> int | None:
    """Seeds that find a mean difference of this size and spread with 80 % power, and that can give a p of alpha at all.

    Power is that of the paired t test (the signed-rank test wants about 5 % more: its efficiency is 3 / pi). The answer
    is no surer than mean and sd are. None where `MOST_SEEDS` do not suffice or the spread is unknown.
    """
    if not math.isfinite(sd) or mean == 0:
        return None
    low = _reach(alpha) - 1
    high, effect = low + 1, abs(mean) / sd if sd > 0 else math.inf
    while power(effect, high, alpha=alpha) < POWER:
        low, high = high, 2 * high
        if low >= MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, middle, alpha=alpha) >= POWER else (middle, high)
    return high


def resolvable(sd: float, n: int, *, alpha: float = ALPHA) -> float:
    """The least mean difference that n seeds of this spread show with 80 % power (paired t test).

    nan where n seeds cannot give a p of alpha, whatever the difference, or the spread is unknown.
    """
    if n < _reach(alpha) or not math.isfinite(sd):
        return math.nan
    low, high = 0.0, 1.0
    while power(high, n, alpha=alpha) < POWER:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, n, alpha=alpha) >= POWER else (middle, high)
    return high * sd


def _reach(alpha: float) -> int:
    """The least number of seeds of which `least_p` is at most alpha."""
    return max(2, math.ceil(1 - math.log2(alpha)))
