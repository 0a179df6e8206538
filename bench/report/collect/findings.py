"""What a group's runs say taken together: chosen settings, comparisons, fronts, variances, agreement of metrics."""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bench.quantities import KL, RECON, Quantity
from bench.report.collect.choices import Choice, choose
from bench.report.collect.comparisons import Family, Ties, chosen_family, families, ties
from bench.report.collect.groups import Group, Setting
from bench.report.collect.table import by_run, run_means
from bench.report.stats.hypervolume import Box, Hypervolume, box, hypervolume
from bench.report.stats.intervals import iqm
from bench.report.stats.rank_correlation import Agreement, agreement
from bench.report.stats.variance import Variances, variance_components
from bench.seeds import stream

ELBO = Quantity("elbo")
COSTS = (RECON, KL)  # what scores are held against: how badly, and at how many nats, an observation is told


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
    families: list[Family]
    ties: dict[Quantity, Ties]
    fronts: list[Front]
    spreads: list[Spread]
    ranked: tuple[Quantity, ...]
    agreement: Agreement

    def chosen(self, score: Quantity) -> dict[str, Setting]:
        """By method, the setting that was chosen for a score by that score."""
        return {c.method: c.setting for c in self.choices if c.score == c.criterion == score}

    def chosen_ids(self, score: Quantity) -> frozenset[str]:
        """The ids of these settings."""
        return frozenset(s.id for s in self.chosen(score).values())


def findings(group: Group, *, searched: Collection[str] = (), seed: int = 0, resamples: int = 2000) -> Findings:
    """Take a group's runs together; searched: ids of settings that a search found; `seed` is the bootstrap's."""
    scores = group.headline
    choices = [
        c
        for q in scores
        for by in (q, ELBO)
        for c in choose(group, q, by, searched=searched, seed=seed, resamples=resamples)
    ]
    compared = families(group)
    correlations = {f.score: f.correlation for f in compared}
    for q in scores:
        chosen = [c for c in choices if c.score == c.criterion == q]
        compared += chosen_family(chosen, correlations.get(q, math.nan))
    fronts = [f for q in scores for cost in COSTS for f in _fronts(group, cost, q, seed)]
    ranked = (*group.scores, *(q for q in (RECON, KL) if q in group.quantities))
    agreed = _agreement(group, ranked, seed)
    return Findings(group, choices, compared, ties(group, compared), fronts, _spreads(group), ranked, agreed)


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
    spreads = []
    for q in group.scores:
        rows = group.table[(group.table["name"] == q.name) & (group.table["protocol"] == q.protocol)]
        runs: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for setting, n, value in rows[["setting", "seed", "value"]].itertuples(index=False, name=None):
            runs[setting][n].append(value)
        methods = {
            m: {s.id: list(runs[s.id].values()) for s in settings if s.id in runs}
            for m, settings in group.methods.items()
        }
        methods = {m: settings for m, settings in methods.items() if settings}
        every = [several for settings in methods.values() for several in settings.values()]
        if every:
            spreads.append(Spread(q, variance_components(methods), len(methods), len(every), sum(map(len, every))))
    return spreads


def _agreement(group: Group, ranked: Sequence[Quantity], seed: int) -> Agreement:
    settings = [s.id for s in group.trained]
    runs = by_run(run_means(group.table)).reindex(columns=list(ranked))
    runs = runs.sort_index(level="seed").reindex(settings, level="setting").dropna(how="all")
    strata = runs.index.get_level_values("setting").tolist()
    return agreement(runs.to_numpy(), strata, stream(seed, "report", "agreement", group.spec.key))
