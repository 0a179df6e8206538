"""Two samples of seeds compared: Mann and Whitney's test and the probability that a seed of one beats one of the other.

a (m,) and b (n,) hold one score per seed of two settings. The seeds of a are not paired with those of b.
"""

import math
from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from bench.report.stats.intervals import Floats

TIE = 1e-9  # of the greatest magnitude in both samples: scores that lie closer differ by rounding alone
EXACT_TEST = 2500  # pairs of seeds, m n, up to which the null distribution of U is counted
EXACT_MODEL = 400  # pairs of seeds up to which its distribution is where A and B differ: 20 seeds against 20
LOG_ODDS = np.linspace(-8, 8, 161)  # of P(A>B), 1/2 in the middle: where that distribution is tabled


class Comparison(NamedTuple):
    """What m seeds of A say against n of B.

    u: Mann and Whitney's U, the number of pairs of seeds in which A is higher, ties half; improvement: P(A>B), which is
    u / (m n); p: two-sided, of the hypothesis that A and B have the same distribution.
    """

    m: int
    n: int
    u: float
    improvement: float
    p: float


def compare(a: ArrayLike, b: ArrayLike) -> Comparison:
    """The test of a (m,) against b (n,), finite, m, n >= 1. Mann & Whitney 1947.

    p is twice the smaller tail (at most 1) of the exact permutation distribution of U, given the ties. Beyond
    `EXACT_TEST` pairs of seeds it is the normal approximation, corrected for ties and continuity.
    """
    ranks = _rank_sum(a, b)
    m, n, w, _ = ranks
    u = w / 2 - m * (m + 1) / 2
    return Comparison(m, n, u, u / (m * n), _p([ranks]))


def stratified_p(strata: Sequence[tuple[ArrayLike, ArrayLike]]) -> float:
    """Two-sided p of the hypothesis that within each stratum a (m,) and b (n,) have the same distribution.

    The statistic is U summed over the strata: a difference of one direction in all of them is found where none is found
    alone. Of one stratum it is the test of `compare`. After van Elteren 1960, whose weights it does not have.
    """
    return _p([_rank_sum(a, b) for a, b in strata])


def minimum_p(m: int, n: int) -> float:
    """The minimum attainable p of m seeds against n: that of all seeds of one side higher."""
    return min(1.0, 2 / math.comb(m + n, m))


def improvement_interval(u: float, m: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of P(A>B), ties half, from the U of m seeds against n.

    It holds every P(A>B) that a two-sided test by U would not reject, where U has the distribution `u_distribution`.
    So it excludes 1/2 where `compare` has p < 1 - level and nowhere else (without ties), and it has a width where all
    seeds agree. Beyond `EXACT_MODEL` pairs of seeds U is taken for normal: Newcombe 2006, method 5.
    """
    tail = (1 - level) / 2
    return _lower(u, m, n, tail), 1 - _lower(m * n - u, m, n, tail)


def u_distribution(m: int, n: int, log_odds: Floats) -> Floats:
    """P(U = u) of m seeds against n without ties, (T, m n + 1), at T log odds of P(A>B) that are symmetric about 0.

    The model is that of exponential waiting times (Hanley & McNeil 1982). Those of A have the rate r, those of B the
    rate 1, so that P(A>B) is 1 / (1 + r). Of i seeds of A and j of B the lowest is one of A with probability
    r i / (r i + j), whatever came before. The other half of the weight is on the mirror image of the model, all signs
    changed: then neither the sign of the score nor the order of A and B matters. At odds of 1 it is the null
    distribution.
    """
    rate = np.exp(-log_odds)[:, None]
    none = np.ones((log_odds.size, 1))
    row = [none] * (n + 1)  # by j: the distribution of U of i seeds of A and j of B
    for i in range(1, m + 1):
        later = [none]
        for j in range(1, n + 1):
            u = np.zeros((log_odds.size, i * j + 1))
            u[:, : row[j].shape[1]] = rate * i * row[j]
            u[:, i:] += j * later[j - 1]  # the lowest is one of B, and all i of A are higher
            later.append(u / (rate * i + j))
        row = later
    return np.asarray((row[n] + row[n][::-1, ::-1]) / 2)


@lru_cache(64)
def upper_tails(m: int, n: int) -> Floats:
    """P(U >= u), (T, m n + 1), at each of `LOG_ODDS`, in the model of `u_distribution`."""
    return np.asarray(np.cumsum(u_distribution(m, n, LOG_ODDS)[:, ::-1], axis=1)[:, ::-1])


def improvement_variance(theta: float, m: int, n: int) -> float:
    """Variance of U / (m n) in that model where P(A>B) is theta; A and B count as equally many (Newcombe 2006)."""
    others = (m + n) / 2 - 1
    return theta * (1 - theta) / (m * n) * (1 + others * ((1 - theta) / (2 - theta) + theta / (1 + theta)))


def from_log_odds(value: float) -> float:
    """The probability of these log odds."""
    return float(special.expit(value))


class _RankSum(NamedTuple):
    """Twice the sum w of the ranks of m seeds of A among those and n of B, and the sizes of the blocks of ties."""

    m: int
    n: int
    w: int
    sizes: NDArray[np.int64]


def _rank_sum(a: ArrayLike, b: ArrayLike) -> _RankSum:
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    places, sizes = _ties(np.concatenate([x, y]))
    return _RankSum(x.size, y.size, int(_doubled_ranks(sizes)[places[: x.size]].sum()), sizes)


def _p(strata: Sequence[_RankSum]) -> float:
    """Of the rank sums together: exact, or normal where a stratum has more than `EXACT_TEST` pairs of seeds."""
    total = sum(s.w for s in strata)
    if all(s.m * s.n <= EXACT_TEST for s in strata):
        null = reduce(np.convolve, (_null_distribution(s.m, tuple(s.sizes.tolist())) for s in strata))
        return float(min(1.0, 2 * min(null[: total + 1].sum(), null[total:].sum())))
    mean = sum(s.m * (s.m + s.n + 1) for s in strata)
    variance = sum(4 * _variance_of_u(s.m, s.n, s.sizes) for s in strata)
    distance = max(abs(total - mean) - 1.0, 0.0)  # twice the ranks: the correction for continuity is twice 1/2
    return float(2 * special.ndtr(-distance / math.sqrt(variance))) if variance > 0 else 1.0


def _ties(values: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The block of equal values that each belongs to, in ascending order, and the size of each block."""
    order = np.argsort(values, kind="stable")
    apart = np.diff(values[order]) > TIE * np.abs(values).max()
    places = np.zeros(values.size, dtype=np.int64)
    places[order[1:]] = np.cumsum(apart)
    return places, np.bincount(places)


def _doubled_ranks(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Twice the rank of each block, the mean over its values: a whole number."""
    return np.asarray(2 * np.cumsum(sizes) - sizes + 1)


@lru_cache(2**10)
def _null_distribution(m: int, sizes: tuple[int, ...]) -> Floats:
    """P(twice the sum of A's ranks = w), by w, where each choice of m of all places is as likely as any other."""
    blocks = np.array(sizes)
    ranks = np.repeat(_doubled_ranks(blocks), blocks)
    choices = np.zeros((m + 1, int(ranks[-m:].sum()) + 1))  # [k, w]: choices of k places whose doubled ranks sum to w
    choices[0, 0] = 1
    for rank in ranks:
        choices[1:, rank:] += choices[:-1, :-rank]
    return np.asarray(choices[m] / choices[m].sum())


def _variance_of_u(m: int, n: int, sizes: NDArray[np.int64]) -> float:
    """Of U where A and B have the same distribution, given the sizes of the blocks of ties."""
    total = m + n
    ties = float(np.sum(sizes.astype(np.float64) ** 3 - sizes)) / (total * (total - 1))
    return m * n / 12 * (total + 1 - ties)


def _lower(u: float, m: int, n: int, tail: float) -> float:
    """The P(A>B) of which a U of u or more has the probability `tail`; 0 for the least u."""
    if u <= 0:
        return 0.0
    if m * n <= EXACT_MODEL:
        tails = upper_tails(m, n)
        at = (tails[:, math.floor(u)] + tails[:, math.ceil(u)]) / 2  # with ties u may lie between two whole numbers
        return from_log_odds(float(np.interp(math.log(tail), np.log(np.maximum(at, 1e-300)), LOG_ODDS)))
    z, share = -float(special.ndtri(tail)), u / (m * n)

    def excess(theta: float) -> float:
        return share - theta - z * math.sqrt(improvement_variance(theta, m, n))

    return float(optimize.brentq(excess, 0.0, min(share, 1 - 1e-12)))  # at 1 there is no variance, and no bound
