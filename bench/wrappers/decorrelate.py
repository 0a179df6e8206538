"""Resampling that removes correlation. Deming & Stephan, Annals of Mathematical Statistics 11, 1940 (raking)."""

import itertools

import numpy as np

from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.wrappers._factors import Floats, joint, mutual_information, pairs_of, training_weights, weighted

__all__ = ["decorrelate"]

SWEEPS, APART = 500, 1e-9  # over the pairs; how far a joint probability may be from the product in the end


def decorrelate(dataset: FactorDataset, *, pairs: str = "") -> FactorDataset:
    """Training draws rows so that the two factors of each pair are independent, each uniform over its values.

    The weight of a row is divided by p(c1, c2), the probability of its pair of values under the weights that it is
    given; with several pairs one after another until none changes, which is raking (iterative proportional fitting).
    pairs: `scale:posX`, or several with commas between; empty: all pairs of factors that vary in training.

    It removes what other wrappers, or the data, bring in, so it comes after them. BenchError where there is nothing to
    remove, or where some combination of two values is never drawn: no weights then make them independent. Rows of which
    one of the values is not known are not drawn.
    """
    vary = [k for k, column in enumerate(dataset.v[training_weights(dataset) > 0].T) if (column != column[0]).any()]
    chosen = pairs_of("decorrelate.pairs", pairs, dataset.names) if pairs else list(itertools.combinations(vary, 2))
    weights = training_weights(dataset, {k for pair in chosen for k in pair})
    targets = {pair: _target(dataset, weights, *pair) for pair in chosen}
    if all(mutual_information(joint(dataset, weights, *pair)) < APART for pair in chosen):
        raise BenchError("decorrelate: training draws these factors independently; it comes after what correlates them")
    for _ in range(SWEEPS):
        for (i, j), target in targets.items():
            p = joint(dataset, weights, i, j)
            ratio = np.divide(target, p, out=np.zeros_like(p), where=p > 0)
            weights *= ratio[dataset.v[:, i], dataset.v[:, j]]
        if all(np.abs(joint(dataset, weights, *pair) - target).max() < APART for pair, target in targets.items()):
            return weighted("decorrelate", dataset, weights)
    raise BenchError(f"decorrelate: no weights found after {SWEEPS} sweeps that make all pairs independent; name fewer")


def _target(dataset: FactorDataset, weights: Floats, i: int, j: int) -> Floats:
    """The product of uniform distributions over the values that training draws, (n_i, n_j)."""
    one, other = dataset.names[i], dataset.names[j]
    if dataset.sizes[i] * dataset.sizes[j] > len(dataset):
        raise BenchError(f"decorrelate: {one}:{other} have more combinations than the data set has rows")
    p = joint(dataset, weights, i, j)
    there = p.sum(axis=1, keepdims=True) * p.sum(axis=0) > 0
    if missing := list(zip(*np.nonzero(there & (p == 0)), strict=True)):
        a, b = missing[0]
        raise BenchError(
            f"decorrelate: training never draws {one}={a} with {other}={b} ({len(missing)} such combinations): "
            "no weights make these factors independent"
        )
    return np.asarray(there / there.sum())
