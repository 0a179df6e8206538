"""Do metrics agree on which runs are better? Rank correlations over runs, with intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats as scipy_stats

from bench.report.stats import Floats


class Agreement(NamedTuple):
    """Spearman's rho of Q quantities: rho, lo, hi (Q, Q); runs (Q, Q), how many have both. nan where undefined."""

    rho: Floats
    lo: Floats
    hi: Floats
    runs: NDArray[np.int64]


def agreement(
    x: ArrayLike, strata: Sequence[str], rng: np.random.Generator, *, level: float = 0.95, resamples: int = 1000
) -> Agreement:
    """Spearman's rank correlation between the columns of x (R, Q), over the runs that have both numbers (not nan).

    The interval is the percentile bootstrap's: seeds resampled within each stratum (a setting), so that each resample
    holds the same settings; nan where no setting has two runs.
    """
    values = np.asarray(x, dtype=np.float64)
    known = ~np.isnan(values)
    q = values.shape[1]
    rho, lo, hi = (np.full((q, q), np.nan) for _ in range(3))
    runs = np.array(known.T.astype(np.int64) @ known.astype(np.int64))
    patterns: dict[bytes, list[tuple[int, int]]] = {}
    for i in range(q):
        for j in range(i + 1):
            patterns.setdefault((known[:, i] & known[:, j]).tobytes(), []).append((i, j))
    for pattern, pairs in patterns.items():
        rows = np.flatnonzero(np.frombuffer(pattern, dtype=np.bool_))
        if rows.size < 3:
            continue
        labels = [strata[r] for r in rows.tolist()]
        drawn = rows[stratified(labels, rng, resamples)] if len(set(labels)) < len(labels) else None
        _fill(values, rows, drawn, pairs, (rho, lo, hi), (1 - level) / 2)
    return Agreement(rho, lo, hi, runs)


def stratified(strata: Sequence[str], rng: np.random.Generator, resamples: int) -> NDArray[np.int64]:
    """Places (resamples, n) drawn with replacement, each from the places of its own stratum."""
    labels = np.asarray(strata)
    drawn = np.empty((resamples, labels.size), dtype=np.int64)
    for label in dict.fromkeys(strata):
        places = np.flatnonzero(labels == label)
        drawn[:, places] = places[rng.integers(places.size, size=(resamples, places.size))]
    return drawn


def _fill(
    values: Floats,
    rows: NDArray[np.intp],
    drawn: NDArray[np.intp] | None,
    pairs: Sequence[tuple[int, int]],
    out: tuple[Floats, Floats, Floats],
    tail: float,
) -> None:
    """rho, lo and hi of the pairs of columns that these rows have in common."""
    rho, lo, hi = out
    columns = sorted({c for pair in pairs for c in pair})
    once = {c: _standard_ranks(values[rows, c]) for c in columns}
    often = {} if drawn is None else {c: _standard_ranks(values[drawn, c]) for c in columns}
    for i, j in pairs:
        rho[i, j] = rho[j, i] = np.sum(once[i] * once[j])
        if often:
            found = np.sum(often[i] * often[j], axis=-1)
            if not np.all(np.isnan(found)):
                lo[i, j], hi[i, j] = lo[j, i], hi[j, i] = np.nanquantile(found, [tail, 1 - tail])


def _standard_ranks(x: Floats) -> Floats:
    """Ranks along the last axis, centred and of unit length, so that a product sums to rho; nan for a constant."""
    ranks = scipy_stats.rankdata(x, axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(ranks, axis=-1, keepdims=True)
    return np.asarray(np.divide(ranks, length, out=np.full_like(ranks, np.nan), where=length > 0))
