"""How much of the plane of a cost and a score a method's settings dominate."""

from collections.abc import Sequence
from typing import NamedTuple

import moocore
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.report.stats.intervals import TAILS, Floats, iqm

MARGIN = 0.1  # of the range of costs


class Box(NamedTuple):
    """The part of the plane that counts: from the reference point (worst cost, worst score) to the ideal point."""

    cost: float
    score: float
    ideal_cost: float
    ideal_score: float


class Hypervolume(NamedTuple):
    """The share of the box that a method's settings dominate, and its interval (nan where a setting has one seed)."""

    share: float
    lo: float
    hi: float


def box(costs: ArrayLike, scores: ArrayLike) -> Box:
    """The box of a group, from the costs and scores of its settings: no run alone moves it.

    Costs: their range and a tenth of it to either side. Scores: from 0 to 1, or further where a score lies beyond.
    """
    c = np.asarray(costs, dtype=np.float64)
    margin = MARGIN * float(np.ptp(c))
    ends = min(0.0, float(np.min(scores))), max(1.0, float(np.max(scores)))
    return Box(float(c.max()) + margin, ends[0], float(c.min()) - margin, ends[1])


def dominated_share(points: ArrayLike, within: Box) -> float:
    """Hypervolume (area) of points (N, 2) of cost, lower better, and score, higher better, as a share of the box.

    Zitzler & Thiele 1998, by moocore. Points beyond the reference point add nothing, and what lies
    beyond the ideal point counts no more; 0 for a box without width.
    """
    area = (within.cost - within.ideal_cost) * (within.ideal_score - within.score)
    if area <= 0:
        return 0.0
    costs = np.asarray(points, dtype=np.float64) * np.array([1.0, -1.0])
    costs = np.maximum(costs, [within.ideal_cost, -within.ideal_score])
    return float(moocore.hypervolume(costs, ref=[within.cost, -within.score])) / area


def hypervolume(
    settings: Sequence[Floats], within: Box, rng: np.random.Generator, *, resamples: int = 1000
) -> Hypervolume:
    """Of settings, each (n, 2) of cost and score by seed, at their interquartile means.

    The interval is the percentile bootstrap's: seeds resampled within each setting, cost and score of a seed together,
    the box kept. The best of noisy points is taken, so more settings and fewer seeds read a little too high.
    """
    share = dominated_share([iqm(s.T) for s in settings], within)
    if any(len(s) < 2 for s in settings):
        return Hypervolume(share, float("nan"), float("nan"))
    points = np.stack([iqm(s.T[:, rng.integers(len(s), size=(resamples, len(s)))]).T for s in settings], axis=1)
    found = [dominated_share(p, within) for p in points]
    lo, hi = np.quantile(found, TAILS)
    return Hypervolume(share, float(lo), float(hi))


def non_dominated(costs: ArrayLike) -> NDArray[np.bool_]:
    """Which of N points (N, d), lower better in every column, no other point dominates: (N,).

    A point dominates another if it is nowhere worse and somewhere better; equal points do not dominate each other.
    A point with a nan is on no front and dominates nothing.
    """
    points = np.asarray(costs, dtype=np.float64)
    known = ~np.any(np.isnan(points), axis=1)
    no_worse = np.all(points[:, None, :] <= points[None, :, :], axis=-1)  # [i, j]: i nowhere worse than j
    better = np.any(points[:, None, :] < points[None, :, :], axis=-1)
    dominated = np.any(no_worse & better, axis=0)
    return np.asarray(known & ~dominated, dtype=np.bool_)
