"""One setting for each method: chosen on seeds of their own, so that no number reported took part in the choice."""

import math
import statistics
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bench.quantities import Quantity
from bench.report.collect.groups import Group, Setting
from bench.report.stats.intervals import Estimate, estimate
from bench.seeds import stream

MEDIAN, ONLY, SEARCH = "highest median", "one setting", "search"


class Choice(NamedTuple):
    """A method's setting for one score, chosen on the selection seeds and reported on the evaluation seeds.

    criterion: the score itself, or the ELBO, which needs no labels. rule: `MEDIAN`, the highest median of the criterion
    over the selection seeds, which `picked` holds. Where nothing is left to choose there are no selection seeds, picked
    is None and all seeds evaluate: `ONLY`, a method of one setting; `SEARCH`, the setting that a search found, on
    seeds of its own.
    values: the score by evaluation seed.
    """

    method: str
    score: Quantity
    criterion: Quantity
    setting: Setting
    rule: str
    selection: tuple[int, ...]
    values: dict[int, float]
    picked: float | None
    estimate: Estimate


def halves(seeds: Iterable[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Selection and evaluation seeds: every other one in order; an odd one out evaluates."""
    ordered = sorted(set(seeds))
    return tuple(ordered[1::2]), tuple(ordered[0::2])


def choose(
    group: Group,
    score: Quantity,
    criterion: Quantity,
    *,
    searched: Collection[str] = (),
    seed: int = 0,
    resamples: int = 2000,
) -> list[Choice]:
    """Each method's setting for a score; searched: the ids of settings that a search found.

    A run that is not done counts as the worst. Methods without a setting that has a median, or without a score on the
    evaluation seeds, are left out: with one seed, all that have a choice.
    """
    selection, evaluation = halves(n for s in group.trained for n in s.samples.get(score, {}))
    choices = []
    for method, settings in group.methods.items():
        fixed = [s for s in settings if s.id in searched] or list(settings)
        rule = MEDIAN if len(fixed) > 1 else ONLY if len(settings) == 1 else SEARCH
        medians = [_median(s.samples.get(criterion, {}), selection) for s in settings]
        setting = settings[int(np.argmax(medians))] if rule == MEDIAN else fixed[0]
        picked = max(medians) if rule == MEDIAN else None
        if picked == -math.inf:
            continue
        values = setting.samples.get(score, {})
        if rule == MEDIAN:
            values = {n: v for n, v in values.items() if n in evaluation}
        if values:
            rng = stream(seed, "report", "choice", setting.id, *score, *criterion)
            summed = estimate(list(values.values()), rng, resamples=resamples)
            used = selection if rule == MEDIAN else ()
            choices.append(Choice(method, score, criterion, setting, rule, used, values, picked, summed))
    return choices


def _median(samples: dict[int, float], seeds: Sequence[int]) -> float:
    """Of an even number the lower middle one, so that a run without a value never enters a mean."""
    return statistics.median_low([samples.get(n, -math.inf) for n in seeds]) if seeds else -math.inf
