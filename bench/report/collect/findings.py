"""What a group's runs say taken together: chosen settings, comparisons, fronts, variances, agreement of metrics."""

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bench.quantities import KL, RECON, Quantity
from bench.report.collect.groups import Group, Setting
from bench.report.stats.hypervolume import Box, Hypervolume, box, hypervolume
from bench.report.stats.intervals import Estimate, estimate, iqm
from bench.report.stats.pairs import ALPHA, Comparison, compare, holm
from bench.report.stats.rank_correlation import Agreement, agreement
from bench.report.stats.variance import Variances, variance_components
from bench.seeds import stream

ELBO = Quantity("elbo")
COSTS = (RECON, KL)  # what scores are held against: how badly, and at how many nats, an observation is told


class Choice(NamedTuple):
    """A method's setting for one score, chosen on one half of the seeds and reported on the other.

    criterion: what was highest by its median over the choosing seeds, the score itself or the ELBO, which needs no
    labels. values: the score by reporting seed. picked: the criterion's median; None where there was but one setting.
    """

    method: str
    score: Quantity
    criterion: Quantity
    setting: Setting
    choosing: tuple[int, ...]
    values: dict[int, float]
    picked: float | None
    estimate: Estimate


class Pair(NamedTuple):
    """Two methods at their chosen settings, on the reporting seeds that both have; p_holm is over a score's pairs."""

    a: Choice
    b: Choice
    result: Comparison
    p_holm: float
    pairs: int

    @property
    def verdict(self) -> str:
        """`separated`; else `too few seeds`, where n had less than 80 % power for what was seen, or `not separated`."""
        if self.p_holm <= ALPHA:
            return "separated"
        needed = self.result.seeds_needed
        return "not separated" if needed is not None and needed <= self.result.n else "too few seeds"


class Front(NamedTuple):
    """The hypervolume of a method's settings in the plane of a cost and a score."""

    method: str
    cost: Quantity
    score: Quantity
    settings: int
    within: Box
    volume: Hypervolume


class Spread(NamedTuple):
    """A score's variance components, and over how many methods, settings and runs."""

    score: Quantity
    variances: Variances
    methods: int
    settings: int
    runs: int


@dataclass(frozen=True, eq=False)
class Findings:
    """All of it for one group. ranked: the quantities of agreement, in order."""

    group: Group
    choices: list[Choice]
    pairs: list[Pair]
    fronts: list[Front]
    spreads: list[Spread]
    ranked: tuple[Quantity, ...]
    agreement: Agreement


def findings(group: Group, *, seed: int = 0, resamples: int = 2000) -> Findings:
    """Take a group's runs together; `seed` is the bootstrap's."""
    scores = [q for q in group.scores if q in group.headline]
    choices = [c for q in scores for by in (q, ELBO) for c in choose(group, q, by, seed=seed, resamples=resamples)]
    pairs = [p for q in scores for p in _pairs([c for c in choices if c.score == c.criterion == q])]
    fronts = [f for q in scores for cost in COSTS for f in _fronts(group, cost, q, seed)]
    ranked = (*group.scores, *(q for q in (RECON, KL) if q in group.quantities))
    return Findings(group, choices, pairs, fronts, _spreads(group), ranked, _agreement(group, ranked, seed))


def halves(seeds: Iterable[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds that choose and those that report: every other one in order; an odd one out reports."""
    ordered = sorted(set(seeds))
    return tuple(ordered[1::2]), tuple(ordered[0::2])


def choose(group: Group, score: Quantity, criterion: Quantity, *, seed: int = 0, resamples: int = 2000) -> list[Choice]:
    """Each method's setting with the highest median criterion on the choosing seeds, with the score on the others.

    A run that is not done counts as the worst. Methods without a setting that has a median, or without a score on the
    reporting seeds, are left out: with one seed, all that have a choice.
    """
    methods = group.methods
    known = {q: [s.samples.get(q, {}) for several in methods.values() for s in several] for q in (score, criterion)}
    choosing, reporting = halves(n for samples in known[score] for n in samples)
    found = []
    for method, settings in methods.items():
        medians = [_median(s.samples.get(criterion, {}), choosing) for s in settings]
        best = int(np.argmax(medians))
        if len(settings) > 1 and medians[best] == -math.inf:
            continue
        setting = settings[best]
        values = {n: v for n, v in setting.samples.get(score, {}).items() if n in reporting}
        if values:
            picked = medians[best] if len(settings) > 1 else None
            rng = stream(seed, "report", "choice", setting.id, *score, *criterion)
            told = estimate(list(values.values()), rng, resamples=resamples)
            found.append(Choice(method, score, criterion, setting, choosing, values, picked, told))
    return found


def _median(samples: dict[int, float], seeds: Sequence[int]) -> float:
    """Of an even number the lower middle one, so that a run without a value never enters a mean."""
    return statistics.median_low([samples.get(n, -math.inf) for n in seeds]) if seeds else -math.inf


def _pairs(choices: Sequence[Choice]) -> list[Pair]:
    shared = [(a, b, [n for n in a.values if n in b.values]) for a, b in itertools.combinations(choices, 2)]
    shared = [(a, b, both) for a, b, both in shared if both]
    # Power is reckoned at Holm's first and strictest step.
    results = [
        compare([a.values[n] for n in both], [b.values[n] for n in both], alpha=ALPHA / len(shared))
        for a, b, both in shared
    ]
    adjusted = holm([r.p for r in results])
    return [
        Pair(a, b, result, float(p), len(shared))
        for (a, b, _), result, p in zip(shared, results, adjusted, strict=True)
    ]


def _fronts(group: Group, cost: Quantity, score: Quantity, seed: int) -> list[Front]:
    planes = {m: [p for s in settings if len(p := _plane(s, cost, score))] for m, settings in group.methods.items()}
    every = [p for several in planes.values() for p in several]
    if not every:
        return []
    within = box(*np.array([iqm(p.T) for p in every]).T)
    found = []
    for method, several in planes.items():
        if several:
            rng = stream(seed, "report", "hypervolume", group.spec.key, method, *cost, *score)
            found.append(Front(method, cost, score, len(several), within, hypervolume(several, within, rng)))
    return found


def _plane(setting: Setting, cost: Quantity, score: Quantity) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(n, 2): cost and score by seed, of the seeds that have both."""
    x, y = setting.samples.get(cost, {}), setting.samples.get(score, {})
    return np.array([(x[n], y[n]) for n in x if n in y], dtype=np.float64).reshape(-1, 2)


def _spreads(group: Group) -> list[Spread]:
    found = []
    for q in group.scores:
        methods = {
            m: {s.id: list(s.evaluations[q].values()) for s in settings if q in s.evaluations}
            for m, settings in group.methods.items()
        }
        methods = {m: settings for m, settings in methods.items() if settings}
        every = [runs for settings in methods.values() for runs in settings.values()]
        if every:
            found.append(Spread(q, variance_components(methods), len(methods), len(every), sum(map(len, every))))
    return found


def _agreement(group: Group, ranked: Sequence[Quantity], seed: int) -> Agreement:
    rows, strata = [], []
    for s in [s for several in group.methods.values() for s in several]:
        for n in sorted({n for q in ranked for n in s.samples.get(q, {})}):
            rows.append([s.samples.get(q, {}).get(n, np.nan) for q in ranked])
            strata.append(s.id)
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(ranked))
    return agreement(values, strata, stream(seed, "report", "agreement", group.spec.key))
