"""Explicitness. Ridgeway & Mozer, Learning Deep Disentangled Embeddings with the F-Statistic Loss, NeurIPS 2018."""

import numpy as np
from numpy.typing import NDArray

from metrics import _logistic
from metrics._about import About
from metrics._checks import at_least, positive
from metrics._codes import Codes, Floats, Ints, MetricError, Scores
from metrics._rows import first_rows, varying

__all__ = ["explicitness"]

ABOUT = About(
    meaning="how well a linear classifier ranks observations by each factor's values (AUC)",
    range="0 to 1, higher is better",
    chance="0.500",
    ceiling="0.987, as 32 values on a line are hard to rank; 0.999 on sprites32, whose factors have fewer",
)


def explicitness(
    sample: Codes, rng: np.random.Generator, *, n_train: int = 10_000, n_test: int = 5_000, penalty: float = 1.0
) -> Scores:
    """How well a linear classifier reads each factor off the codes: mean over factors of a one-vs-rest AUC.

        (1/K) sum_k (1/n_k) sum_c AUC(p(v_k = c | z), [v_k = c])

    A multinomial logistic regression (L2 `penalty` on the weights, 1 as in scikit-learn) is fitted to the first n_train
    rows, scaled to mean 0 and variance 1, and ranks the n_test rows after them.

    Values: `explicitness`, from 0 to 1; codes that know nothing score 0.5, whatever the number of values, and so do
    collapsed ones. per_factor: `explicitness` (K,). Draws nothing from rng.

    Pitfalls: AUC saturates (0.9 is a weak classifier of 32 values). It sees linear structure only: a factor coded by
    its sine and cosine is explicit, one coded by a bump is not. It says nothing on where the information lies, and a
    rotation of the codes leaves it as it is. With few rows noise reads below or above 0.5 by some hundredths, and a
    table with fewer rows than the grid repeats codes between train and test.

    Constant dimensions are dropped. A value of a factor that the training or the test rows lack has no AUC and is left
    out of the mean over values; its rows count as the rest. A factor that is constant in either is nan.

    The optimum is the converged one in float64; the reference
    (100 iterations in float32) lies within 2e-4 of it.

    Raises MetricError for malformed codes, too few rows or if no factor varies in both.
    """
    at_least("penalty", penalty, 0)
    positive(n_test=n_test)
    train, test = first_rows(sample, n_train, n_test)
    scored = varying(train.v) & varying(test.v)
    if not scored.any():
        raise MetricError(f"v has no column that varies in the {n_train} training rows and in the {n_test} test rows")
    auc = _explicitness(train, test, scored, penalty)
    return Scores({"explicitness": float(np.nanmean(auc))}, {"explicitness": auc})


def _explicitness(train: Codes, test: Codes, scored: NDArray[np.bool_], penalty: float) -> Floats:
    """The AUC of each factor that is scored, mean over its values, nan for the others; (K,)."""
    z_train, z_test = _scaled(train.z, test.z)
    auc = np.where(scored, 0.5, np.nan)
    if z_train.shape[1] > 0:
        for k in np.flatnonzero(scored):
            auc[k] = _auc(_logistic.fit(z_train, train.v[:, k], penalty=penalty), z_test, test.v[:, k])
    return auc


def _scaled(z_train: Floats, z_test: Floats) -> tuple[Floats, Floats]:
    """Both scaled by the mean and deviation of the training rows, without the dimensions that are constant there."""
    alive = z_train.min(axis=0) < z_train.max(axis=0)
    train, test = z_train[:, alive].astype(np.float64), z_test[:, alive].astype(np.float64)
    mean, std = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / std, (test - mean) / std


def _auc(probe: _logistic.Probe, z: Floats, v_k: Ints) -> float:
    """Mean over the values c of P(score of a row with v_k = c > score of another row), ties one half."""
    # Rounded, so that equal codes tie although matrix products may round them differently from row to row.
    score = np.round(probe.log_probability(z), 12)
    auc = []
    for c, score_c in zip(probe.classes, score, strict=True):
        own = v_k == c
        n_own, n_rest = int(own.sum()), int((~own).sum())
        if n_own and n_rest:
            rest = np.sort(score_c[~own])
            below, upto = (np.searchsorted(rest, score_c[own], side=side) for side in ("left", "right"))
            auc.append(0.5 * float(np.sum(below + upto)) / (n_own * n_rest))
    return float(np.mean(auc)) if auc else 0.5
