"""How often a report's intervals of level 0.95 hold the truth, by simulation, at 5, 10 and 20 seeds.

    python benchmarks/bench_coverage.py [samples]

Scores are drawn from three laws: normal; a skewed one (exponential); and two clusters, as of a method that finds a
factor with some seeds and misses it with others (N(.2, .03) with probability .7, else N(.6, .03)). The truth of a
statistic is its value on 4,000,000 draws. Tests and P(A>B): `bench_comparisons.py`.
"""

import sys
from collections.abc import Callable

import numpy as np

from bench.report.stats.intervals import Floats, estimate, iqm

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
    truth = np.array([iqm(population), np.median(population), np.mean(population)])
    covered = []
    for n in SEEDS:
        several = [estimate(law(rng, n), rng, resamples=RESAMPLES) for _ in range(samples)]
        low = np.array([(e.lo, e.median_lo, e.mean_lo) for e in several])
        high = np.array([(e.hi, e.median_hi, e.mean_hi) for e in several])
        covered.append(((low <= truth) & (truth <= high)).mean(axis=0))
    for name, shares in zip(("iqm", "median", "mean"), np.transpose(covered), strict=True):
        print(f"{law.__name__:9s} {name:7s} " + " ".join(f"{share:6.3f}" for share in shares))


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    print(f"coverage over {samples} samples at n = {', '.join(map(str, SEEDS))}")
    for law in (normal, skewed, clusters):
        centres(law, samples)


if __name__ == "__main__":
    main()
