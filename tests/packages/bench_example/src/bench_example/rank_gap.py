"""Rank correlation gap. MIG's gap (Chen et al., 2018, eq. 6) of Spearman's |rho| in place of mutual information."""

import numpy as np
from scipy.stats import rankdata

from metrics import Codes, Scores, first_rows, varying

__all__ = ["rank_gap"]


def rank_gap(sample: Codes, rng: np.random.Generator, *, n_train: int = 1000) -> Scores:
    """mean_k (|rho(z_j(k), v_k)| - max_{j != j(k)} |rho(z_j, v_k)|), with j(k) = argmax_j |rho(z_j, v_k)|.

    In [0, 1], higher is better, over the first `n_train` rows; ties share their mean rank. A factor that is constant is
    left out (nan), a code that is constant has rho 0, and so has the second code where there is only one. It sees
    monotonic relations only. Draws nothing from `rng`. Raises MetricError as the metrics of the suite do.
    """
    train, _ = first_rows(sample, n_train)
    z, v = standard(rankdata(train.z, axis=0)), standard(rankdata(train.v, axis=0))
    rho = np.abs(z.T @ v) / len(v)
    nothing = np.zeros((2, rho.shape[1]))
    second, first = np.sort(np.concatenate([nothing, rho]), axis=0)[-2:]
    gap = np.where(varying(train.v), first - second, np.nan)
    return Scores({"rank_gap": float(np.nanmean(gap))}, {"rank_gap": gap}, {"spearman": rho})


def standard(ranks: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and variance 1, or of 0 where they are constant."""
    centred = ranks - ranks.mean(axis=0)
    spread = centred.std(axis=0)
    return centred / np.where(spread > 0, spread, 1)
