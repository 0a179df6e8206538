"""Correlated factors. Träuble et al., On Disentangled Representations Learned from Correlated Data, ICML 2021."""

import math

import numpy as np

from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.wrappers._factors import pairs_of, training_weights, weighted

__all__ = ["correlated"]


def correlated(dataset: FactorDataset, *, pairs: str = "", sigma: float = 0.2) -> FactorDataset:
    """Training draws rows with p(c1, c2) proportional to exp(-(c1 / n1 - c2 / n2)^2 / (2 sigma^2)) for each pair.

    c: a factor's index, 0..n-1. pairs: `scale:posX`, or several with commas between; of several, the product. Scoring
    draws as before, from uncorrelated factors. The smaller sigma, the stronger; from about 1 there is hardly any.
    Rows of which one of the values is not known are not drawn.

    BenchError for an unknown factor, or a sigma that is not above 0.
    """
    if not (math.isfinite(sigma) and sigma > 0):
        raise BenchError(f"correlated.sigma={sigma}: expected a finite number above 0")
    chosen = pairs_of("correlated.pairs", pairs, dataset.names)
    weights = training_weights(dataset, {k for pair in chosen for k in pair})
    for i, j in chosen:
        gap = dataset.v[:, i] / dataset.sizes[i] - dataset.v[:, j] / dataset.sizes[j]
        weights *= np.exp(-(gap**2) / (2 * sigma**2))
    return weighted("correlated", dataset, weights)
