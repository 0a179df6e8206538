"""Rows of a table that share the value of a factor, to draw from: to fix a factor is to select rows."""

from typing import NamedTuple

import numpy as np

from metrics._codes import Ints

FEWEST_SHARING = 10  # rows of equal value, itself included, that the median row has if a factor is to be held fixed


def sharing(v_k: Ints) -> float:
    """With how many rows, itself included, the median row of v_k (N,), not negative, shares its value."""
    return float(np.median(np.bincount(v_k)[v_k])) if len(v_k) else 0.0


def held_fixed(scattered: str) -> str:
    """Why a metric that holds a factor's value fixed cannot be scored, from the names of such factors; empty if none.

    A factor is scattered if half of the rows share their value of it with fewer than FEWEST_SHARING rows.
    """
    return f"it holds a factor's value fixed, and too few rows share one of {scattered}" if scattered else ""


class Group(NamedTuple):
    """The rows of a table by their value of one factor: those of row n are rows[start[n] : start[n] + size[n]]."""

    rows: Ints
    start: Ints
    size: Ints

    @classmethod
    def of(cls, v_k: Ints) -> "Group":
        """The groups of a factor's values v_k (N,), not negative."""
        size = np.bincount(v_k)
        # the narrowest integers: those of 16 bits or less are sorted by digit, several times as fast
        rows = np.argsort(v_k.astype(np.min_scalar_type(len(size))), kind="stable")
        return cls(rows, (np.cumsum(size) - size)[v_k], size[v_k])

    def sharing(self, row: Ints, rng: np.random.Generator, shape: tuple[int, ...] | None = None) -> Ints:
        """For each row another, drawn uniformly from those of its value; it may be the same. `row` fits `shape`."""
        return np.asarray(self.rows[self.start[row] + rng.integers(self.size[row], size=shape)])
