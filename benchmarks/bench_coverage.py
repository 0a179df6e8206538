"""How often a report's intervals of level 0.95 hold the truth, by simulation, at 5, 10 and 20 seeds.

    python benchmarks/bench_coverage.py [samples]

Scores are drawn from three laws: normal; a skewed one (exponential); and two clusters, as of a method that finds a
factor with some seeds and misses it with others (N(.2, .03) with probability .7, else N(.6, .03)). The truth of a
statistic is its value on 4,000,000 draws. The share of seeds at which A beats B is drawn as such.
"""

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.report.stats import CENTRES, bootstrap_interval
from bench.report.stats_pairs import wilson_interval

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


def _split(interval: tuple[float, float], truth: float) -> tuple[tuple[float, float], tuple[float, float]]:
    return (interval[0], truth), (truth, interval[1])


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    print(f"coverage over {samples} samples at n = {', '.join(map(str, SEEDS))}")
    for law in (normal, skewed, clusters):
        centres(law, samples)
    for truth in (0.5, 0.8, 0.95):
        shares(truth, samples)


if __name__ == "__main__":
    main()
