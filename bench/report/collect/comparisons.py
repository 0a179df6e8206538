"""The comparisons that a report makes of a group's settings: families stated beforehand, and the groups of ties."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from bench.quantities import Quantity
from bench.report.collect.choices import Choice
from bench.report.collect.groups import Group
from bench.report.collect.table import by_run, run_means
from bench.report.stats.families import Pair, against, between, differing, family, resolution, seed_correlation

REFERENCE = "vae"
VAE, METHODS, CHOSEN = FAMILIES = "vae", "methods", "chosen"
MOST_PAIRS = 10_000  # of a family: of more, Holm's correction leaves nothing to be found


class Family(NamedTuple):
    """Comparisons of settings by one score that are corrected together; a and b of a pair are ids of settings.

    name: `vae`, every setting against the VAE; `methods`, every setting against every other of another method, both
    on all seeds; `chosen`, every two methods at their chosen settings, on seeds that did not choose.
    correlation: the mean over pairs of settings of the correlation of their scores over seeds; nan if unknown.
    """

    name: str
    score: Quantity
    pairs: list[Pair]
    correlation: float

    @property
    def resolution(self) -> float:
        """The least difference that its seeds find with 80 % power: the median over its pairs, nan for none."""
        return resolution(self.pairs)


class Ties(NamedTuple):
    """The settings, by id, that cannot be told apart from the best one by a score, and from the VAE.

    best: that of the highest IQM; settings of its own method, which no family compares with it, are never apart from
    it. above, below: those that differ from the VAE.
    """

    score: Quantity
    best: str
    with_best: frozenset[str]
    with_vae: frozenset[str]
    above: frozenset[str]
    below: frozenset[str]

    def marks(self, setting: str) -> str:
        """ᵇ for the group of the best, ᵛ for that of the VAE, as tables write them."""
        return ("ᵇ" if setting in self.with_best else "") + ("ᵛ" if setting in self.with_vae else "")


def families(group: Group) -> list[Family]:
    """The two families of each headline score, on all seeds; those without a pair, or with too many, are left out."""
    methods = {s.id: s.spec.method for s in group.trained}
    pairs = {VAE: against(methods, REFERENCE), METHODS: between(methods)}
    runs = by_run(run_means(group.table))
    compared = []
    for score in group.headline:
        scores = runs[score].unstack("setting").reindex(columns=list(methods))
        samples = {str(name): column.dropna().to_numpy() for name, column in scores.items()}
        correlation = seed_correlation(scores)
        for name, several in pairs.items():
            if len(several) <= MOST_PAIRS and (known := family(several, samples)):
                compared.append(Family(name, score, known, correlation))
    return compared


def chosen_family(choices: Sequence[Choice], correlation: float) -> list[Family]:
    """The family of one score's choices; none of fewer than two."""
    samples = {c.setting.id: list(c.values.values()) for c in choices}
    pairs = family(itertools.combinations(samples, 2), samples)
    return [Family(CHOSEN, choices[0].score, pairs, correlation)] if pairs else []


def ties(group: Group, compared: Sequence[Family]) -> dict[Quantity, Ties]:
    """The groups of each score that the family `methods` compares."""
    by_name = {(f.name, f.score): f.pairs for f in compared}
    groups = {}
    for score in group.headline:
        known = [s for s in group.trained if score in s.estimates]
        pairs = by_name.get((METHODS, score))
        if pairs is None:
            continue
        best = max(known, key=lambda s: s.estimates[score].iqm).id
        every = frozenset(s.id for s in known)
        apart = {b: higher for p in by_name.get((VAE, score), []) for b, higher in differing([p], p.b).items()}
        has_vae = (VAE, score) in by_name
        groups[score] = Ties(
            score,
            best,
            every - differing(pairs, best).keys(),
            every - apart.keys() if has_vae else frozenset(),
            frozenset(s for s, higher in apart.items() if higher),
            frozenset(s for s, higher in apart.items() if not higher),
        )
    return groups
