"""Modularity. Ridgeway & Mozer, Learning Deep Disentangled Embeddings with the F-Statistic Loss, NeurIPS 2018."""

import numpy as np

from metrics._about import About
from metrics._checks import bins as check_bins
from metrics._checks import columns
from metrics._codes import Codes, Floats, Scores
from metrics._information import discretise, mutual_information
from metrics._rows import first_rows, varying

__all__ = ["modularity"]

ABOUT = About(
    meaning="whether each dimension tells of one factor at most, however little it tells",
    range="0 to 1, higher is better",
    chance="0.638 for pure noise: never show it alone; 0 for a dead dimension",
    ceiling="1",
)


def modularity(sample: Codes, rng: np.random.Generator, *, n_train: int = 10_000, bins: int = 20) -> Scores:
    """Whether each dimension tells of one factor at most: mean over dimensions of

        1 - sum_{k != k(j)} I(z_j; v_k)^2 / ((K - 1) I(z_j; v_k(j))^2),   k(j) = argmax_k I(z_j; v_k)

    with each dimension in `bins` equal-width bins over its range and plug-in information, on the first n_train rows.

    Values: `modularity`, from 0 to 1. matrices: `mutual_information` (D, K). Draws nothing from rng.

    Pitfalls: never show it alone. Each dimension counts the same however little it tells, so that pure noise reads
    0.5 to 0.7 (its plug-in information is bias, larger for factors with more values). Several dimensions may share
    a factor at no cost. A dimension whose information is exactly 0 (a constant one) counts as 0, as in the
    reference: three dead dimensions of ten cost 0.3. Factors that are constant in these rows are not counted in K.

    Raises MetricError for malformed codes, too few rows, or fewer than two factors that vary.
    """
    train, _ = first_rows(sample, n_train)
    check_bins(bins, n_train)
    vary = varying(train.v)
    columns("v", train.v[:, vary], 2, "modularity compares factors that vary")
    mi = mutual_information(discretise(train.z, bins), train.v)
    return Scores({"modularity": float(_modularity(mi[:, vary]).mean())}, matrices={"mutual_information": mi})


def _modularity(mi: Floats) -> Floats:
    """The modularity of each dimension from mi (D, K); (D,)."""
    squared = mi**2
    largest = squared.max(axis=1)
    told = largest > 0
    rest = (squared.sum(axis=1) - largest)[told]
    out = np.zeros(len(mi))
    out[told] = 1 - rest / (largest[told] * (mi.shape[1] - 1))
    return out
