"""Mutual Information Gap. Chen et al., Isolating Sources of Disentanglement in VAEs, NeurIPS 2018, eq. 6."""

import numpy as np

from metrics._about import About
from metrics._checks import bins as check_bins
from metrics._codes import Codes, Floats, Ints, Scores
from metrics._information import discretise, entropy, mutual_information
from metrics._rows import first_rows, varying

__all__ = ["mig"]

ABOUT = About(
    meaning="how much more the best dimension tells of each factor than the second-best",
    range="0 to 1, higher is better",
    chance="0.000, growing as rows get fewer (0.002 at n 1,000)",
    ceiling="ln(bins) / H(v_k) for factors of more values than bins: 0.896; 0.996 on sprites32",
)


def mig(
    sample: Codes, rng: np.random.Generator, *, n_train: int = 10_000, bins: int = 20, correction: bool = False
) -> Scores:
    """(1/K) sum_k (I(z_j(k); v_k) - max_{j != j(k)} I(z_j; v_k)) / H(v_k), with j(k) = argmax_j I(z_j; v_k).

    In [0, 1]. Information is in nats, estimated by counting over the first `n_train` rows, each code in `bins` bins of
    equal width; with `correction`, less its Miller-Madow bias. So ln(bins) bounds what a code can tell: with 20 bins a
    factor of 40 values cannot reach 1. Draws nothing from `rng`.

    Returns the value "mig", the gap of each factor "mig" (K,) and the matrix "mutual_information" (D, K). A factor that
    is constant has no entropy to divide by: its gap is nan, and the mean is over the others. A single code is compared
    with one that knows nothing. Raises MetricError if all factors are constant or `sample` has too few rows.
    """
    train, _ = first_rows(sample, n_train)
    check_bins(bins, n_train)
    z, v = discretise(train.z, bins), train.v
    information = mutual_information(z, v) - correction * miller_madow(z, v)
    gaps = np.where(varying(train.v), gap(information) / np.maximum(entropy(v), np.finfo(float).tiny), np.nan)
    return Scores({"mig": float(np.nanmean(gaps))}, {"mig": gaps}, {"mutual_information": information})


def gap(score: Floats) -> Floats:
    """The best code's score less the second's, for each factor: (D, K) to (K,). Codes that score 0 join them."""
    nothing = np.zeros((1, score.shape[1]))
    second, first = np.sort(np.concatenate([nothing, score]), axis=0)[-2:]
    return np.asarray(first - second)


def miller_madow(z: Ints, v: Ints) -> Floats:
    """(m_jk - m_j - m_k + 1) / 2N: the bias, to first order, of the plug-in I(z_j; v_k), in nats; (D, K).

    m counts the values, or pairs of values, that occur in the N rows. Miller, Note on the bias of information
    estimates, 1955.
    """
    m_z, m_v = (np.array([len(np.unique(column)) for column in columns.T]) for columns in (z, v))
    base = int(v.max()) + 1
    m_zv = np.array([[len(np.unique(z_j * base + v_k)) for v_k in v.T] for z_j in z.T])
    return np.asarray((m_zv - m_z[:, None] - m_v + 1) / (2 * len(z)))
