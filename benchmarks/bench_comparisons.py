"""The test by which reports compare settings, by simulation at 5, 10 and 20 seeds: its size, power and interval.

    python benchmarks/bench_comparisons.py [samples]

*Size*: how often a family in which no two settings differ claims any difference (at most 0.05 is promised). Families of
two studies: seven settings (the VAE, two methods of three strengths) and the 25 of the reference study (the VAE, five
methods of three, InfoVAE of nine). Scores are normal; in two clusters, as of a method that finds a factor with some
seeds and misses it with others; votes, which tie often; and, where no promise is made, normal about one centre with
standard deviations from 1 to 4.
*Power*: how often the one setting that differs from the VAE is found. VAE: N(.03, .03), the MIG of the reference study;
the other N(mean, .08); all others as the VAE.
*Choice*: how often a method of three equal settings, chosen on half of the seeds, is called different from one of one.
*Interval*: how often the 95 % interval of P(A>B) holds the truth.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bench.report.stats.families import ALPHA, against, between, family, holm
from bench.report.stats.mann_whitney import compare, improvement_interval

Floats = NDArray[np.float64]
Law = Callable[[np.random.Generator, tuple[int, ...]], Floats]
Pairs = list[tuple[str, str]]
SEEDS = (5, 10, 20)
STUDIES = {"7 settings": (1, 3, 3), "25 settings": (1, 3, 3, 3, 3, 3, 9)}
FAMILIES: dict[str, Callable[[Mapping[str, str]], Pairs]] = {
    "against the VAE": lambda methods: against(methods, "0"),
    "between methods": between,
}
BLOCK = 50  # samples at a time


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.standard_normal(shape)


def clusters(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return np.where(rng.random(shape) < 0.7, 0.2, 0.6) + 0.03 * rng.standard_normal(shape)


def votes(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.binomial(12, 0.6, shape) / 12


def spreads(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return np.linspace(1, 4, shape[1])[:, None] * rng.standard_normal(shape)


def settings_of(study: str) -> dict[str, str]:
    """By setting, its method; the first is the VAE."""
    return {f"{i}-{j}": str(i) for i, count in enumerate(STUDIES[study]) for j in range(count)}


def p_values(x: Floats, places: NDArray[np.int64], *, ties: bool) -> Floats:
    """(samples, pairs) of x (samples, settings, n): `compare`, once for each U where nothing ties."""
    if ties:
        return np.array([[compare(sample[i], sample[j]).p for i, j in places] for sample in x])
    n = x.shape[-1]
    of_u = np.array([compare(*of_given_u(u, n)).p for u in range(n * n + 1)])
    one, two = x[:, places[:, 0]], x[:, places[:, 1]]
    return np.asarray(of_u[(one[..., :, None] > two[..., None, :]).sum((-2, -1))])


def of_given_u(u: int, n: int) -> tuple[Floats, Floats]:
    """Two samples of n without ties that have this U."""
    wins = np.full(n, u // n) + (np.arange(n) < u % n)  # of each seed of A
    return np.asarray(2.0 * wins - 1 + np.arange(n) / (2 * n)), np.asarray(np.arange(n) * 2.0)


def corrected(rng: np.random.Generator, law: Law, study: str, pairs: Pairs, n: int, samples: int) -> Iterator[Floats]:
    """Holm's p of every pair, sample by sample."""
    names = list(settings_of(study))
    places = np.array([(names.index(a), names.index(b)) for a, b in pairs])
    for start in range(0, samples, BLOCK):
        x = law(rng, (min(BLOCK, samples - start), len(names), n))
        yield from map(holm, p_values(x, places, ties=law is votes))


def sizes(samples: int) -> None:
    for law in (normal, clusters, votes, spreads):
        several = samples // 10 if law is votes else samples
        for study in STUDIES:
            for name, pairs_of in FAMILIES.items():
                pairs = pairs_of(settings_of(study))
                rng, found = np.random.default_rng(0), []
                for n in SEEDS:
                    found.append(np.mean([p.min() <= ALPHA for p in corrected(rng, law, study, pairs, n, several)]))
                put(f"size   {law.__name__:8s} {name}, {len(pairs)} pairs", found)


def powers(samples: int) -> None:
    for study in STUDIES:
        for name, pairs_of in FAMILIES.items():
            pairs = pairs_of(settings_of(study))
            at = pairs.index(("1-0", "0-0")) if ("1-0", "0-0") in pairs else pairs.index(("0-0", "1-0"))
            for mean in (0.08, 0.12, 0.16, 0.2, 0.24):
                rng, found = np.random.default_rng(1), []
                for n in SEEDS:
                    seen = corrected(rng, one_differs(mean), study, pairs, n, samples)
                    found.append(np.mean([p[at] <= ALPHA for p in seen]))
                put(f"power  mean {mean:.2f} {name}, {len(pairs)} pairs", found)


def one_differs(mean: float) -> Law:
    def law(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        x = 0.03 + 0.03 * rng.standard_normal(shape)
        x[:, 1] = mean + 0.08 * rng.standard_normal((shape[0], shape[2]))
        return x

    return law


def choices(samples: int) -> None:
    """The chosen one of three on the other half of the seeds, against all seeds of a method of one setting."""
    for law in (normal, clusters):
        rng, found = np.random.default_rng(2), []
        for n in SEEDS:
            claims = 0
            for x in law(rng, (samples, 4, n)):
                best = int(np.median(x[1:, 1::2], axis=1).argmax()) + 1
                claims += family([("a", "b")], {"a": x[best, ::2], "b": x[0]})[0].p_holm <= ALPHA
            found.append(claims / samples)
        put(f"choice {law.__name__}", found)


def coverages(samples: int) -> None:
    for spread in (1.0, 4.0):
        for theta in (0.5, 0.7, 0.85, 0.95):
            rng, found = np.random.default_rng(3), []
            shift = np.hypot(spread, 1) * float(special.ndtri(theta))
            for n in SEEDS:
                a, b = shift + spread * rng.standard_normal((samples, n, 1)), rng.standard_normal((samples, 1, n))
                wins = (a > b).sum((1, 2)).tolist()
                bounds = {u: improvement_interval(u, n, n) for u in set(wins)}
                found.append(np.mean([bounds[u][0] <= theta <= bounds[u][1] for u in wins]))
            put(f"interval P(A>B) = {theta:.2f}, sd of A {spread:g} times that of B", found)


def put(what: str, found: Sequence[np.floating | float]) -> None:
    print(f"{what:55s} " + " ".join(f"{value:6.3f}" for value in found), flush=True)


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(f"{samples} samples (votes a tenth), n = {', '.join(map(str, SEEDS))} seeds a setting")
    for measure in (sizes, powers, choices, coverages):
        measure(samples)


if __name__ == "__main__":
    main()
