"""Mean correlation coefficient. Hyvarinen & Morioka, Unsupervised Feature Extraction by TCL, NeurIPS 2016, sec. 6."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from metrics._about import About
from metrics._codes import Codes, Floats, Ints, MetricError, Scores
from metrics._rows import first_rows, varying

__all__ = ["mcc"]

ABOUT = About(
    meaning="how well dimensions correlate with factors, one to one",
    range="0 to 1, higher is better",
    chance="0.017 (Pearson), 0.018 (Spearman), growing as 1 / sqrt(n)",
    ceiling="1",
    order="it needs values in an order",
)


def mcc(sample: Codes, rng: np.random.Generator, *, n_train: int = 10_000) -> Scores:
    """Mean over factors of |corr(z_j(k), v_k)| under the one-to-one assignment j(k) that makes it largest.

    Once with Pearson's correlation and once with Spearman's (of the ranks, ties averaged), on the first n_train rows.
    The form with any D and absolute values is that of Khemakhem et al., Variational Autoencoders and Nonlinear ICA,
    AISTATS 2020.

    Values: `mcc_pearson`, `mcc_spearman`, from 0 to 1; codes that know nothing score about 1 / sqrt(n_train) times a
    number near 1 to 2. per_factor: the same names, (K,). matrices: the same names, the |correlations| (D, K). Draws
    nothing from rng.

    Factors may be real numbers instead of indices: of a continuous one it sees the true values.

    A factor that is said to be unordered is nan and left out, and its correlations are 0.

    Pitfalls: monotone relations only (a cyclic or symmetric factor scores low however well it is known) and an order
    of the values (meaningless for shapes, where nobody has said that they have none). What the unassigned dimensions
    hold costs nothing. With fewer dimensions than factors the unassigned factors count as 0; a constant dimension
    correlates 0 with everything; a constant factor is nan and left out of the mean.

    Raises MetricError for malformed codes, too few rows or if no factor that has an order varies.
    """
    train, _ = first_rows(sample, n_train, numbers=True)
    ordered = np.array([kind != "unordered" for kind in train.kinds] or [True] * train.v.shape[1])
    if not (ordered & varying(train.v)).any():
        raise MetricError("no factor that varies has values in an order")
    matrices = {
        "mcc_pearson": ordered * _correlation(train.z, train.v),
        "mcc_spearman": ordered * _correlation(rankdata(train.z, axis=0), rankdata(train.v, axis=0)),
    }
    per_factor = {n: np.where(ordered & varying(train.v), _assigned(r), np.nan) for n, r in matrices.items()}
    return Scores({name: float(np.nanmean(r)) for name, r in per_factor.items()}, per_factor, matrices)


def _assigned(r: Floats) -> Floats:
    """The entry of each column of r (D, K) under the best one-to-one assignment, 0 for a column without; (K,)."""
    rows, factors = linear_sum_assignment(r, maximize=True)
    out = np.zeros(r.shape[1])
    out[factors] = r[rows, factors]
    return out


def _correlation(a: Floats | Ints, b: Floats | Ints) -> Floats:
    """|Pearson's correlation| of each column of a (N, D) with each of b (N, K); (D, K)."""
    return np.clip(np.abs(_unit(a).T @ _unit(b)), 0.0, 1.0)


def _unit(a: Floats | Ints) -> Floats:
    """Each column centred and of length 1; a constant one is 0."""
    centred = a.astype(np.float64) - a.mean(axis=0, dtype=np.float64)
    centred[:, a.min(axis=0) == a.max(axis=0)] = 0.0
    length = np.linalg.norm(centred, axis=0)
    return np.asarray(centred / np.where(length > 0, length, 1.0))
