"""How often a report's intervals of level 0.95 hold the truth, by simulation, at 5, 10 and 20 seeds.

    python benchmarks/bench_coverage.py [samples]

Scores are drawn from three laws: normal; a skewed one (exponential); and two clusters, as of a method that finds a
factor with some seeds and misses it with others (N(.2, .03) with probability .7, else N(.6, .03)). The truth of a
statistic is its value on 4,000,000 draws. The share of seeds at which A beats B is drawn as such.

Last, how often the signed-rank test calls two methods of the same law different (level 0.05), when each stands at the
one of three settings that half of the seeds chose: on the other half, as reports do it; and on all seeds, each half
chosen for by the other, as they do not.
"""

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.report.stats.intervals import CENTRES, bootstrap_interval
from bench.report.stats.pairs import signed_rank_p, wilson_interval

Floats = NDArray[np.float64]
SEEDS = (5, 10, 20)
RESAMPLES = 1000


def normal(rng: np.random.Generator, size: int) -> Floats:
    return rng.standard_normal(size)


def skewed(rng: np.random.Generator, size: int) -> Floats:
    return rng.standard_exponential(size)


def clusters(rng: np.random.Generator, size: int) -> Floats:
    return np.where(rng.random(size) < 0.7, 0.2, 0.6) + 0.03 * rng.standard_normal(size)


def centres(law: Callable[[np.random.Generator, int], Floats], samples: int) -> None:
    """One line a statistic: the coverage at each number of seeds."""
    rng = np.random.default_rng(0)
    population = law(rng, 4_000_000)
    for of in CENTRES:
        truth, covered = float(of(population)), []
        for n in SEEDS:
            found = [bootstrap_interval(law(rng, n), rng, resamples=RESAMPLES, of=of) for _ in range(samples)]
            covered.append(float(np.mean([lo <= truth <= hi for lo, hi in found])))
        print(f"{law.__name__:9s} {of.__name__:7s} " + " ".join(f"{c:6.3f}" for c in covered))


def shares(truth: float, samples: int) -> None:
    """P(A>B): the score interval that reports use, and the percentile bootstrap that they do not."""
    rng = np.random.default_rng(1)
    score, bootstrap = [], []
    for n in SEEDS:
        won = rng.binomial(n, truth, samples)
        held = [np.less_equal(*_split(wilson_interval(w / n, n), truth)).all() for w in won]
        drawn = [np.quantile(rng.binomial(n, w / n, RESAMPLES) / n, [0.025, 0.975]) for w in won]
        score.append(float(np.mean(held)))
        bootstrap.append(float(np.mean([lo <= truth <= hi for lo, hi in drawn])))
    print(f"P = {truth:.2f}  Wilson    " + " ".join(f"{c:6.3f}" for c in score))
    print(f"P = {truth:.2f}  bootstrap " + " ".join(f"{c:6.3f}" for c in bootstrap))


def false_claims(spread: float, samples: int) -> None:
    """spread: how far apart the means of the three settings are, in standard deviations over seeds."""
    rng = np.random.default_rng(2)
    half, both = [], []
    for n in (10, 20, 40):
        means = np.linspace(0, spread, 3)[:, None]
        d = [
            _chosen(means + rng.normal(size=(3, n))) - _chosen(means + rng.normal(size=(3, n))) for _ in range(samples)
        ]
        half.append(float(np.mean([signed_rank_p(one[::2]) <= 0.05 for one in d])))
        both.append(float(np.mean([signed_rank_p(one) <= 0.05 for one in d])))
    print(f"spread {spread:.1f}  one half reports   " + " ".join(f"{c:6.3f}" for c in half))
    print(f"spread {spread:.1f}  both halves report " + " ".join(f"{c:6.3f}" for c in both))


def _chosen(y: Floats) -> Floats:
    """y (settings, seeds): by seed, the number of the setting whose median over the other half is highest."""
    halves = np.arange(y.shape[1]) % 2
    best = [int(np.median(y[:, halves != h], axis=1).argmax()) for h in (0, 1)]
    return np.where(halves == 0, y[best[0]], y[best[1]])


def _split(interval: tuple[float, float], truth: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (interval[0], truth), (truth, interval[1])


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    print(f"coverage over {samples} samples at n = {', '.join(map(str, SEEDS))}")
    for law in (normal, skewed, clusters):
        centres(law, samples)
    for truth in (0.5, 0.8, 0.95):
        shares(truth, samples)
    print("false claims by the signed-rank test at 10, 20 and 40 seeds, half of which choose")
    for spread in (0.0, 0.5, 2.0):
        false_claims(spread, samples)


if __name__ == "__main__":
    main()
