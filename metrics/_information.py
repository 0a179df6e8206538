"""Entropies and mutual information of discrete variables, plug-in estimates in nats."""

import numpy as np

from metrics._codes import Floats, Ints


def discretise(z: Floats, bins: int) -> Ints:
    """Each column of z (N, D) into `bins` equal-width bins over its own range, numbered from 0; (N, D).

    The edges are those of `np.histogram`; the last is dropped, so that the maximum falls into the last bin.
    """
    return np.stack([_discretise(z_j, bins) for z_j in z.T], axis=1)


def _discretise(z_j: Floats, bins: int) -> Ints:
    low, high = z_j.min(), z_j.max()
    span = float(high - low)
    if span < 4 * bins * np.spacing(np.maximum(np.abs(low), np.abs(high))):  # no edges fit between such numbers
        binned = np.minimum((z_j - low).astype(np.float64) / (span or 1.0) * bins, bins - 1)
        return np.asarray(binned, np.int64)
    return np.asarray(np.digitize(z_j, np.histogram(z_j, bins)[1][:-1]) - 1)


def entropy(v: Ints) -> Floats:
    """H(v_k) of each column of v (N, K); (K,)."""
    return np.array([_entropy(np.bincount(v_k) / len(v_k)) for v_k in v.T])


def mutual_information(z: Ints, v: Ints) -> Floats:
    """I(z_j; v_k) of each column of z (N, D) with each of v (N, K), all non-negative integers; (D, K)."""
    return np.array([[_mutual_information(z_j, v_k) for v_k in v.T] for z_j in z.T])


def _entropy(p: Floats) -> float:
    p = p[p > 0]
    return float(-np.sum(p * np.log(p)))


def _mutual_information(a: Ints, b: Ints) -> float:
    """sum_ab p(a, b) log p(a, b) / (p(a) p(b)); exactly 0 where one of them is constant."""
    n_a, n_b = int(a.max()) + 1, int(b.max()) + 1
    n = np.bincount(a.astype(np.int64) * n_b + b, minlength=n_a * n_b).reshape(n_a, n_b)
    independent = n.sum(axis=1, keepdims=True) * n.sum(axis=0, keepdims=True)
    seen = n > 0  # whole numbers up to the logarithm: shares of a constant add up to 1 only within rounding
    return float(np.sum(n[seen] / len(a) * np.log(n[seen] * len(a) / independent[seen])))
