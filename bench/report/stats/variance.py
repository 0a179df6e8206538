"""Where the variance of a score comes from: method, strength, seed, evaluation repeat."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

Repeats = Sequence[float]  # the evaluations of one run
Settings = Mapping[str, Sequence[Repeats]]  # by setting, its runs, one a seed


class Variances(NamedTuple):
    """Components of the variance of one evaluation of one run, in the score's square.

    method: between the methods' means over their settings; strength: between the settings of a method; seed: between
    runs of a setting; evaluation: between evaluations of a run, nan if each has one (seed then includes it).
    """

    method: float
    strength: float
    seed: float
    evaluation: float

    @property
    def shares(self) -> "Variances":
        """The components as parts of their sum; nan where that is 0."""
        total = sum(v for v in self if not math.isnan(v))
        return Variances(*(v / total if total > 0 else math.nan for v in self))


def variance_components(methods: Mapping[str, Settings]) -> Variances:
    """Components of a nested design by unbiased moments, negative ones set to 0 (Searle et al. 1992, ch. 3).

    Methods and their settings are taken as they are (fixed, finite: a method's settings weigh the same, and so do
    methods); seeds and evaluations are draws of many. From the variance of estimated means is taken off what the levels
    below put there. nan for all where no setting has two runs: nothing then tells a setting from a seed.
    """
    within = [np.var(run, ddof=1) for s in methods.values() for runs in s.values() for run in runs if len(run) > 1]
    evaluation = float(np.mean(within)) if within else math.nan
    spread = {m: np.array([_seed_variance(runs) for runs in s.values()]) for m, s in methods.items()}
    known = [np.nanmean(s) for s in spread.values() if not np.isnan(s).all()]
    if not known:
        return Variances(math.nan, math.nan, math.nan, math.nan)
    pooled = float(np.mean(known))
    means, noise, strengths = [], [], []
    for name, settings in methods.items():
        centres = [float(np.mean([np.mean(run) for run in runs])) for runs in settings.values()]
        # A setting of a single run is as noisy as the others are on average.
        errors = np.where(np.isnan(spread[name]), pooled, spread[name]) / [len(runs) for runs in settings.values()]
        k = len(centres)
        strengths.append(float(np.var(centres)) - (1 - 1 / k) * float(np.mean(errors)))
        means.append(float(np.mean(centres)))
        noise.append(float(np.sum(errors)) / k**2)
    method = float(np.var(means)) - (1 - 1 / len(means)) * float(np.mean(noise))
    per_run = _evaluations_per_run(methods)
    seed = pooled - (0.0 if math.isnan(evaluation) else evaluation / per_run)
    return Variances(max(method, 0.0), max(float(np.mean(strengths)), 0.0), max(seed, 0.0), evaluation)


def _seed_variance(runs: Sequence[Repeats]) -> float:
    return float(np.var([np.mean(run) for run in runs], ddof=1)) if len(runs) > 1 else math.nan


def _evaluations_per_run(methods: Mapping[str, Settings]) -> float:
    """The harmonic mean, by which the variance of a run's mean falls."""
    counts = [len(run) for s in methods.values() for runs in s.values() for run in runs]
    return float(len(counts) / np.sum(1 / np.array(counts)))
