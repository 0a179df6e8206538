"""Do metrics agree on which runs are better? Rank correlations over runs, with intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats as scipy_stats

from bench.report.stats.intervals import TAILS, Floats

BLOCK = 2**17  # drawn numbers of a column that are ranked at once: what fits in a core's cache


class Agreement(NamedTuple):
    """Spearman's rho of Q quantities: rho, lo, hi (Q, Q); runs (Q, Q), how many have both. nan where undefined."""

    rho: Floats
    lo: Floats
    hi: Floats
    runs: NDArray[np.int64]


def agreement(x: ArrayLike, strata: Sequence[str], rng: np.random.Generator, *, resamples: int = 1000) -> Agreement:
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
        drawn = stratified(labels, rng, resamples) if len(set(labels)) < len(labels) else None
        _fill(values[rows], drawn, pairs, (rho, lo, hi))
    return Agreement(rho, lo, hi, runs)


def stratified(strata: Sequence[str], rng: np.random.Generator, resamples: int) -> NDArray[np.int32]:
    """Places (resamples, n) drawn with replacement, each from the places of its own stratum."""
    labels = np.asarray(strata)
    drawn = np.empty((resamples, labels.size), dtype=np.int32)
    for label in dict.fromkeys(strata):
        places = np.flatnonzero(labels == label)
        drawn[:, places] = places[rng.integers(places.size, size=(resamples, places.size))]
    return drawn


def _fill(
    values: Floats,
    drawn: NDArray[np.int32] | None,
    pairs: Sequence[tuple[int, int]],
    out: tuple[Floats, Floats, Floats],
) -> None:
    """rho, lo and hi of pairs of columns of values (n, Q), known in every row; drawn: the rows of each resample."""
    rho, lo, hi = out
    once = {c: _standardised(scipy_stats.rankdata(values[:, c])) for c in _columns(pairs)}
    for i, j in pairs:
        rho[i, j] = rho[j, i] = np.sum(once[i] * once[j])
    if drawn is None:
        return
    for (i, j), found in _resampled(values, drawn, pairs).items():
        if not np.all(np.isnan(found)):
            lo[i, j], hi[i, j] = lo[j, i], hi[j, i] = np.nanquantile(found, TAILS)


def _resampled(
    values: Floats, drawn: NDArray[np.int32], pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Floats]:
    """rho of each pair in every resample. A few resamples at a time: all of them at once would fill the memory."""
    places = {c: np.unique(values[:, c], return_inverse=True)[1] for c in _columns(pairs)}
    found = {pair: np.empty(len(drawn)) for pair in pairs}
    several = max(1, BLOCK // len(values))
    for start in range(0, len(drawn), several):
        rows = drawn[start : start + several]
        ranks = {c: _standardised(_ranks(of[rows])) for c, of in places.items()}
        for i, j in pairs:
            found[i, j][start : start + several] = np.sum(ranks[i] * ranks[j], axis=-1)
    return found


def _columns(pairs: Sequence[tuple[int, int]]) -> list[int]:
    return sorted({c for pair in pairs for c in pair})


def _ranks(places: NDArray[np.intp]) -> Floats:
    """Ranks along the last axis of places (B, n) in an order: ties share their mean rank. Counting needs no sorting."""
    b, size = len(places), int(places.max()) + 1
    flat = places + size * np.arange(b)[:, None]
    counts = np.bincount(flat.ravel(), minlength=b * size).reshape(b, size)
    shared = np.cumsum(counts, axis=1) - (counts - 1) / 2
    return np.asarray(shared.ravel()[flat])


def _standardised(ranks: Floats) -> Floats:
    """Ranks along the last axis, centred and of unit length, so that a product sums to rho; nan for a constant."""
    ranks -= ranks.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(ranks, axis=-1, keepdims=True)
    return np.asarray(np.divide(ranks, length, out=np.full_like(ranks, np.nan), where=length > 0))
