"""Which settings differ? Families of comparisons corrected together, verdicts, groups of ties, resolution.

A *family* is a list of pairs of settings that is stated before anybody looks at the scores. Holm's correction of its
p-values is over all of its pairs; each score has families of its own.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from bench.report.stats.intervals import Floats
from bench.report.stats.mann_whitney import compare, improvement_interval
from bench.report.stats.power import detectable, seeds_to_be_equivalent, seeds_to_differ

ALPHA = 0.05  # of a family
MARGIN = 0.2  # two settings are equivalent where P(A>B) is surely nearer to 1/2 than this
DIFFERS, EQUIVALENT, UNDECIDED = VERDICTS = "differs", "equivalent", "undecided"


class Pair(NamedTuple):
    """What the seeds of setting a say against those of setting b, as one of the comparisons of a family.

    u, improvement, p: as in `mann_whitney.Comparison`, with the 95 % interval of P(A>B); p_holm: p corrected
    for all comparisons of the family; corrected_lo, corrected_hi: the interval at the level 1 - 0.05 / comparisons.
    difference: mean of a less mean of b; difference_sd: standard deviation of a seed of a less a seed of b, nan where
    either has one seed. detectable: the least difference of means that so many seeds with this sd find with 80 % power
    at Holm's first step (normal scores), nan where they find none of any size. seeds_needed: seeds of each that decide
    with 80 % power, either way, if P(A>B) is what was seen.
    """

    a: str
    b: str
    seeds_a: int
    seeds_b: int
    u: float
    improvement: float
    improvement_lo: float
    improvement_hi: float
    difference: float
    difference_sd: float
    p: float
    comparisons: int
    p_holm: float
    corrected_lo: float
    corrected_hi: float
    detectable: float
    seeds_needed: int

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`."""
        return verdict(self.p_holm, self.corrected_lo, self.corrected_hi)

    @property
    def more_seeds(self) -> int:
        """Seeds of each setting that are missing for a decision; 0 where there is one."""
        return max(self.seeds_needed - min(self.seeds_a, self.seeds_b), 1) if self.verdict == UNDECIDED else 0

    @property
    def higher(self) -> str:
        """The setting whose seeds are higher more often; a where neither's are."""
        return self.b if self.improvement < 0.5 else self.a


def verdict(p_holm: float, corrected_lo: float, corrected_hi: float, *, margin: float = MARGIN) -> str:
    """`differs`, where p_holm is at most 0.05: the interval at the level that Holm leaves the pair excludes 1/2.

    `equivalent`, where the corrected interval lies within 1/2 and the margin; `undecided`, where neither holds.
    """
    if p_holm <= ALPHA:
        return DIFFERS
    return EQUIVALENT if 0.5 - margin <= corrected_lo and corrected_hi <= 0.5 + margin else UNDECIDED


def against(methods: Mapping[str, str], reference: str) -> list[tuple[str, str]]:
    """The pairs of every other method's settings with each setting of `reference`; methods: by setting, its method."""
    return [(a, b) for b in methods if methods[b] == reference for a in methods if methods[a] != reference]


def between(methods: Mapping[str, str]) -> list[tuple[str, str]]:
    """The pairs of every setting with every other of another method."""
    return [(a, b) for a, b in itertools.combinations(methods, 2) if methods[a] != methods[b]]


def family(pairs: Iterable[tuple[str, str]], samples: Mapping[str, ArrayLike]) -> list[Pair]:
    """Compare each pair of which both settings have a score; samples: by setting, one finite number per seed (n,)."""
    known = {setting: x for setting, sample in samples.items() if (x := np.asarray(sample, dtype=np.float64)).size}
    both = [(a, b) for a, b in pairs if a in known and b in known]
    tests = [compare(known[a], known[b]) for a, b in both]
    adjusted = holm([test.p for test in tests])
    compared = []
    for (a, b), test, p_holm in zip(both, tests, adjusted, strict=True):
        m, n, u, theta, p = test
        alpha = ALPHA / len(both)
        sd = math.sqrt(_variance(known[a]) + _variance(known[b]))
        needed = seeds_to_differ(theta, alpha=alpha), seeds_to_be_equivalent(theta, alpha=alpha, margin=MARGIN)
        pair = Pair(
            *(a, b, m, n, u, theta, *improvement_interval(u, m, n)),
            *(float(known[a].mean() - known[b].mean()), sd, p, len(both), float(p_holm)),
            *improvement_interval(u, m, n, level=1 - alpha),
            sd * float(special.ndtri(detectable(m, n, alpha=alpha))),
            min(needed),
        )
        compared.append(pair)
    return compared


def holm(p: ArrayLike) -> Floats:
    """p-values (m,) of one family adjusted for their number. Holm 1979: step down, never below the one before."""
    given = np.asarray(p, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    scaled = given[order] * np.arange(given.size, 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0) if given.size else scaled
    return adjusted


def differing(pairs: Iterable[Pair], setting: str) -> dict[str, bool]:
    """The settings that differ from this one by a family's verdicts, and whether they are higher than it."""
    others = [p for p in pairs if setting in (p.a, p.b) and p.verdict == DIFFERS]
    return {p.b if p.a == setting else p.a: p.higher != setting for p in others}


def resolution(pairs: Sequence[Pair]) -> float:
    """The least difference that a family's seeds find with 80 % power, its pairs' median; nan where they find none."""
    values = [p.detectable for p in pairs if not math.isnan(p.difference_sd)]
    # What no difference would show counts as the greatest, so that a median of nan says: most of them find none.
    middle = sorted(math.inf if math.isnan(v) else v for v in values)[len(values) // 2] if values else math.inf
    return middle if math.isfinite(middle) else math.nan


def seed_correlation(scores: pd.DataFrame) -> float:
    """Mean correlation of two settings' scores over the seeds that both have, of all pairs; scores: (seeds, settings).

    What pairing by seed would gain: near 0 it gains nothing. nan where no two settings share three seeds.
    """
    table = scores.corr(min_periods=3).to_numpy()
    pairs = table[np.triu_indices(len(table), 1)]
    return float(np.nanmean(pairs)) if np.isfinite(pairs).any() else math.nan


def _variance(sample: Floats) -> float:
    return float(sample.var(ddof=1)) if sample.size > 1 else math.nan
