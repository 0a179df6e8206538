"""Interventional Robustness Score. Suter et al., Robustly Disentangled Causal Mechanisms, ICML 2019, sec. 4."""

import numpy as np

from metrics._about import About
from metrics._checks import at_least
from metrics._checks import bins as check_bins
from metrics._codes import Codes, Floats, Ints, MetricError, Scores
from metrics._information import discretise
from metrics._rows import first_rows, varying

__all__ = ["irs"]

ABOUT = About(
    meaning="how little each dimension moves, at worst, while the factor that it follows best is fixed",
    range="0 to 1, higher is better",
    chance="0.389 for pure noise; 0 for collapsed codes",
    ceiling="0.986, as bins merge values that differ; 1 where factors have at most as many values as bins",
)


def irs(
    sample: Codes, rng: np.random.Generator, *, n_train: int = 10_000, bins: int = 20, percentile: float = 0.99
) -> Scores:
    """How little each dimension moves, at worst, while the factor that it follows best is held fixed.

        IRS_jk = 1 - mean_c Q(|z_j - E[z_j | v_k = c]|, v_k = c) / max |z_j - E[z_j]|
        IRS    = sum_j max |z_j - E[z_j]| max_k IRS_jk / sum_j max |z_j - E[z_j]|

    Q is the `percentile` (a fraction; 1 is the paper's maximum). Factors are put into `bins` equal-width bins of their
    indices, means are taken in float64, on the first n_train rows.

    Values: `irs`, from 0 to 1; collapsed codes score 0. matrices: `irs` (D, K), 0 for a constant dimension, nan
    for a constant factor, and
    `max_deviation` (D, 1), the weights. Draws nothing from rng.

    Pitfalls: weights carry the scale of the codes, so that it is invariant to shifts and to one common scale only; a
    note tells where one dimension has more than nine tenths of the weight.
    Pure noise reads 0.3 and more, because the largest deviation exceeds the percentile; the figure depends on
    n_train. A dimension that moves with one factor but not monotonically scores as well as any other, and completeness
    is not asked for. Binning merges neighbouring values of a factor with more than `bins` of them (dSprites).

    Raises MetricError for malformed codes, too few rows or if no factor varies.
    """
    train, _ = first_rows(sample, n_train)
    check_bins(bins, n_train)
    at_least("percentile", percentile, 0)
    if percentile > 1:
        raise MetricError(f"percentile is {percentile}, expected a fraction of at most 1")
    z = train.z.astype(np.float64)
    alive = z.min(axis=0) < z.max(axis=0)  # by value: the variance of a constant column need not round to 0
    weight = np.where(alive, np.abs(z - z.mean(axis=0)).max(axis=0), 0.0)
    vary = varying(train.v)
    matrix = np.where(vary, np.zeros((z.shape[1], 1)), np.nan)
    moved = _deviations(z[:, alive], discretise(train.v[:, vary].astype(np.float64), bins), percentile)
    matrix[np.ix_(alive, vary)] = 1 - moved / weight[alive, None]
    score = float(np.average(np.nanmax(matrix, axis=1), weights=weight)) if alive.any() else 0.0
    matrices = {"irs": matrix, "max_deviation": weight[:, None]}
    return Scores({"irs": score}, matrices=matrices, notes=_one_sided(weight))


def _one_sided(weight: Floats) -> tuple[str, ...]:
    """A note where one of several dimensions of these weights (D,) decides the score."""
    share = float(weight.max() / weight.sum()) if np.count_nonzero(weight) > 1 else 0.0
    if share <= 0.9:
        return ()
    return (
        f"dimension {weight.argmax()} has {share:.1%} of the weight, for the scale of its codes: divide each dimension "
        "by its standard deviation",
    )


def _deviations(z: Floats, v: Ints, percentile: float) -> Floats:
    """The percentile of each dimension's distance from its mean given v_k = c, mean over the values c; (D, K)."""
    return np.stack(
        [np.mean([_deviation(z[v_k == c], percentile) for c in np.unique(v_k)], axis=0) for v_k in v.T], axis=1
    )


def _deviation(z: Floats, percentile: float) -> Floats:
    return np.asarray(np.quantile(np.abs(z - z.mean(axis=0)), percentile, axis=0))
