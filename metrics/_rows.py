"""Rows to fit and rows to test, for the metrics that score the factors that vary and leave out those that do not."""

import numpy as np
from numpy.typing import NDArray

from metrics._checks import check, positive
from metrics._codes import Codes, Floats, Ints, MetricError


def first_rows(sample: Codes, n_train: int, n_test: int = 0, *, numbers: bool = False) -> tuple[Codes, Codes]:
    """The first n_train rows and the n_test rows after them, checked; some factor varies in the first.

    numbers: v may hold real numbers. Raises MetricError where the codes are malformed, the rows too few or all factors
    constant.
    """
    positive(n_train=n_train)
    z, v, kinds = check(sample, numbers=numbers)
    if n_test < 0 or len(z) < n_train + n_test:
        raise MetricError(f"sample has {len(z)} rows, expected n_train {n_train} + n_test {n_test} or more")
    train, test = (Codes(z[rows], v[rows], kinds) for rows in (slice(n_train), slice(n_train, n_train + n_test)))
    some_vary(train.v)
    return train, test


def varying(v: Ints | Floats) -> NDArray[np.bool_]:
    """Which factors of v (N, K) take more than one value; (K,)."""
    return np.asarray(np.any(v != v[0], axis=0))


def some_vary(v: Ints | Floats) -> None:
    """One factor of v (N, K) at least takes more than one value."""
    if not varying(v).any():
        raise MetricError(f"v is constant in all {v.shape[1]} columns over its first {len(v)} rows: nothing to score")
