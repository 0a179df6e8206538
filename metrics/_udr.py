"""Unsupervised Disentanglement Ranking. Duan et al., Unsupervised Model Selection for Variational Disentangled
Representation Learning, ICLR 2020, sec. 4. It ranks models by each other, so it is no metric of one run."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from metrics._checks import at_least, positive, real
from metrics._codes import Floats, MetricError
from metrics._gaussian import kl_per_dimension


class Udr(NamedTuple):
    """The score of each of M models, lasso and spearman (M,), and of each pair, (M, M), nan on the diagonal."""

    lasso: Floats
    spearman: Floats
    lasso_pairs: Floats
    spearman_pairs: Floats


def udr(
    posteriors: Sequence[tuple[Floats, Floats]], *, n_rows: int = 1_000, alpha: float = 0.1, min_kl: float = 0.01
) -> Udr:
    """How far models that differ in their seed alone found the same codes, up to order and sign.

        UDR_ij = 1/2 (mean_b r_b^2 / sum_a R_ab + mean_a r_a^2 / sum_b R_ab),  r = the maximum of the same column or row
        UDR_j  = median_i UDR_ij

    R_ab tells how strongly dimension a of model i predicts dimension b of model j, for dimensions of a mean KL above
    `min_kl` nats only: |coefficients| of a Lasso (penalty `alpha`) from all of i's codes to each of j's, or |Spearman
    correlation|. Codes are posterior means scaled to mean 0 and variance 1.

    posteriors: (mu, logvar), both (N, D), one pair for each model, of the same observations row by row; the first
    n_rows of them are used; D may differ.

    From 0 to 1, higher is better. Empty rows and columns count as 0, and so does a pair in which one model has no
    informative dimension. The definition follows the reference implementation of Locatello et al. (2019), which takes
    the median over the models i that predict model j.

    Pitfalls: it ranks models of one method and one set of hyperparameters; it does not compare methods. Models
    that collapse in the same way agree with each other. Fewer than five models make the median a matter of luck.

    Raises MetricError for fewer than five models, too few rows or malformed arrays.
    """
    positive(n_rows=n_rows)
    at_least("alpha", alpha, 0)
    at_least("min_kl", min_kl, 0)
    if len(posteriors) < 5:
        raise MetricError(
            f"posteriors has {len(posteriors)} model(s), expected at least 5 for a median over the others"
        )
    codes = [_informative(m, mu, logvar, n_rows=n_rows, min_kl=min_kl) for m, (mu, logvar) in enumerate(posteriors)]
    ranks = [_scaled(rankdata(z, axis=0)) for z in codes]
    lasso = _pairs([[_lasso(z_i, z_j, alpha) for z_j in codes] for z_i in codes])
    spearman = _pairs([[z_i.T @ z_j / n_rows for z_j in ranks] for z_i in ranks])
    return Udr(np.nanmedian(lasso, axis=0), np.nanmedian(spearman, axis=0), lasso, spearman)


def _informative(model: int, mu: Floats, logvar: Floats, *, n_rows: int, min_kl: float) -> Floats:
    """The scaled means of the dimensions that hold more than min_kl nats on average; (n_rows, D')."""
    mu, logvar = (real(f"{name} of model {model}", a) for name, a in (("mu", mu), ("logvar", logvar)))
    if len(mu) < n_rows:
        raise MetricError(f"mu of model {model} has {len(mu)} rows, expected n_rows = {n_rows} or more")
    mu, logvar = mu[:n_rows].astype(np.float64), logvar[:n_rows].astype(np.float64)
    return _scaled(mu[:, kl_per_dimension(mu, logvar) > min_kl])


def _scaled(z: Floats) -> Floats:
    """Each column with mean 0 and variance 1; a constant one is 0."""
    constant = np.all(z == z[:1], axis=0)
    return np.where(constant, 0.0, (z - z.mean(axis=0)) / np.where(constant, 1.0, z.std(axis=0)))


def _pairs(R: list[list[Floats]]) -> Floats:
    """UDR_ij from R[i][j] (D_i, D_j); (M, M), nan on the diagonal."""
    pairs = np.array([[_one_to_one(np.abs(R_ij)) for R_ij in R_i] for R_i in R])
    np.fill_diagonal(pairs, np.nan)
    return pairs


def _one_to_one(R: Floats) -> float:
    """Mean over columns, and over rows, of max^2 / sum, averaged."""
    if R.size == 0:
        return 0.0
    shares = []
    for axis in (0, 1):
        total, largest = R.sum(axis=axis), R.max(axis=axis)
        shares.append(np.mean(largest**2 / np.where(total > 0, total, 1.0)))
    return float(np.mean(shares))


def _lasso(x: Floats, y: Floats, alpha: float, tolerance: float = 1e-8, max_sweeps: int = 10_000) -> Floats:
    """For each column y_b: argmin_w |y_b - x w|^2 / 2N + alpha |w|_1, for scaled x (N, A) and y (N, B); (A, B).

    Coordinate descent on the covariances, all columns at once: dimension a in turn takes its best value given the rest.
    """
    G, c = x.T @ x / len(x), x.T @ y / len(x)
    w = np.zeros_like(c)
    for _ in range(max_sweeps):
        before = w.copy()
        for a in np.flatnonzero(np.diag(G) > 0):
            rest = c[a] - G[a] @ w + G[a, a] * w[a]
            w[a] = np.sign(rest) * np.maximum(np.abs(rest) - alpha, 0.0) / G[a, a]
        if np.abs(w - before).max(initial=0.0) <= tolerance:
            break
    return w
