"""Regression trees of a fixed depth that minimise the squared error, compiled: what boosting grows.

The splits are those of scikit-learn's DecisionTreeRegressor, up to the choice between equal ones. What makes it fast:
each feature is sorted once and cut into bins; a node first tries the borders between bins, for which sums by bin are
enough, then looks only into those bins that could hold a better split. Sums by bin are counted for the smaller of two
siblings, and are for the other what is left of their parent's. A tree is a heap: the root is node 1, node h has the
children 2h and 2h + 1.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from metrics._codes import Floats, Ints

BINS = 64  # a matter of speed, not of the result; at most 256
GAP = np.float32(1e-7)  # values no further apart are not told apart
PURE = np.finfo(np.float64).eps  # a node of smaller variance is not split
ROUNDING = 1e-9  # relative margin by which a bin's bound is raised

SUM, COUNT, POSITIVE, SQUARES = range(4)  # of residuals, by bin: their sum, number, sum of positive ones, of squares

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """Machine code, kept on disk: beside this file or, if that cannot be written, in the user's cache.

    Where none of them can be written it is compiled in each process.
    """
    try:
        return cast(_F, njit(cache=True)(function))
    except RuntimeError:  # numba finds no place
        return cast(_F, njit(function))


class Table(NamedTuple):
    """x (N, D), rows in order of each feature (D, N), bins of each row (N, D), starts of the bins (D, BINS + 1)."""

    x: NDArray[np.float32]
    order: NDArray[np.uint32]
    bin: NDArray[np.uint8]
    edge: NDArray[np.int64]


class Tree(NamedTuple):
    """By node: feature and threshold (inf: not split, all rows go left) and, for leaves, what they add to a score."""

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    step: NDArray[np.float64]


class Work(NamedTuple):
    """What a tree is grown in: sums by node, feature and bin; the rows by node, where each node's start and end."""

    sums: NDArray[np.float64]
    rows: NDArray[np.uint32]
    spare: NDArray[np.uint32]
    node: NDArray[np.uint8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


class Node(NamedTuple):
    """A node's number, the count of its rows and the mean of their residuals."""

    h: int
    n: float
    mean: float


Split = tuple[float, int, int]  # gain, feature, and position in the feature's order of the first row that goes right


def tabulate(x: NDArray[np.float32]) -> Table:
    """The features x (N, D), sorted and cut into bins."""
    order = np.argsort(x, axis=0, kind="stable").T
    bin_, edge = np.empty(x.shape, np.uint8), np.full((x.shape[1], BINS + 1), len(x))
    for f, rows in enumerate(order):
        starts = _bin_starts(x[rows, f])
        edge[f, : len(starts)] = starts
        bin_[rows, f] = np.searchsorted(starts, np.arange(len(x)), side="right") - 1
    return Table(x, np.ascontiguousarray(order, np.uint32), bin_, edge)


def _bin_starts(x: NDArray[np.float32]) -> Ints:
    """Positions in sorted x that start a bin: at most BINS, alike in size, none between values that count as equal."""
    starts = np.flatnonzero(np.concatenate([[True], x[1:] > x[:-1] + GAP]))
    if len(starts) > BINS:
        starts = np.unique(starts[np.searchsorted(starts, np.linspace(0, starts[-1], BINS).astype(int))])
    return starts


def workspace(x: NDArray[np.float32], depth: int) -> Work:
    """Room to grow trees of this depth, at most 7, on the rows of x (N, D)."""
    sums, (start, end) = np.empty((2**depth, x.shape[1], BINS, 4)), np.zeros((2, 2 ** (depth + 1)), np.int64)
    rows, spare = np.empty((2, len(x)), np.uint32)
    return Work(sums, rows, spare, np.empty(len(x), np.uint8), start, end)


def empty_tree(depth: int) -> Tree:
    """Room for a tree of this depth."""
    nodes = 2 ** (depth + 1)
    return Tree(np.zeros(nodes, np.int64), np.empty(nodes), np.empty(nodes))


@compiled
def grow(table: Table, residual: Floats, features: Ints, work: Work, tree: Tree, importance: Floats) -> None:
    """Sets `tree` to splits of the residuals (N,), trying the features in this order, and work.node to the leaves.

    Adds the squared error that each split takes off to the importance (D,) of its feature.
    """
    inner = len(work.sums)
    work.node[:], work.rows[:], work.end[1] = 1, np.arange(len(residual)), len(residual)
    _count(work.sums[1], work.rows, residual, table.bin)
    for h in range(1, inner):
        rows = work.rows[work.start[h] : work.end[h]]
        gain, f, position = _best_split(table, residual, features, work, h)
        tree.feature[h], tree.threshold[h] = f, np.inf
        if gain >= 0:
            tree.threshold[h] = _threshold(table, f, position, work.node, h)
            importance[f] += gain * len(rows)
        middle = work.start[h] + _partition(rows, work.spare, work.node, h, table.x[:, f], tree.threshold[h])
        work.start[2 * h], work.end[2 * h] = work.start[h], middle
        work.start[2 * h + 1], work.end[2 * h + 1] = middle, work.end[h]
        if 2 * h < inner:
            smaller = 2 * h + (2 * middle > work.start[h] + work.end[h])
            _count(work.sums[smaller], work.rows[work.start[smaller] : work.end[smaller]], residual, table.bin)
            work.sums[smaller ^ 1] = work.sums[h] - work.sums[smaller]


@compiled
def _count(sums: Floats, rows: NDArray[np.uint32], residual: Floats, bins: NDArray[np.uint8]) -> None:
    """Sets sums (D, BINS, 4) to those of the residuals of these rows."""
    sums[:] = 0
    for i in rows:
        r = residual[i]
        for f in range(bins.shape[1]):
            s = sums[f, bins[i, f]]
            s[SUM] += r
            s[COUNT] += 1
            s[SQUARES] += r * r
        if r > 0:  # few rows: those of the tree's class
            for f in range(bins.shape[1]):
                sums[f, bins[i, f], POSITIVE] += r


@compiled
def _best_split(table: Table, residual: Floats, features: Ints, work: Work, h: int) -> Split:
    """The best split of node h; its gain is -1 if there is none.

    With n of N rows on the left, and S the sum of their residuals less the mean of all N, a split takes
    N S^2 / (n (N - n)) off the squared error. The gain is that less the factor N, the same for all splits of a node.
    """
    n, total, squares = [work.sums[h, 0, :, what].sum() for what in (COUNT, SUM, SQUARES)]
    if n < 2 or squares - total**2 / n <= PURE * n:
        return -1.0, 0, 0
    node = Node(h, n, total / n)
    return _within_bins(table, residual, features, work, node, _between_bins(table, features, work, node))


@compiled
def _between_bins(table: Table, features: Ints, work: Work, node: Node) -> Split:
    """The best split at a border between bins."""
    best = (-1.0, 0, 0)
    for f in features:
        left, n = 0.0, 0.0
        for b in range(BINS):
            best = _better(best, left, n, node.n, f, table.edge[f, b])
            left, n = _past(work.sums[node.h, f, b], left, n, node.mean)
    return best


@compiled
def _past(sums: Floats, left: float, n: float, mean: float) -> tuple[float, float]:
    """The sum, less n times the mean, and the count n of what is on the left, with a bin added."""
    return left + sums[SUM] - sums[COUNT] * mean, n + sums[COUNT]


@compiled
def _better(best: Split, left: float, n: float, n_all: float, f: int, position: int) -> Split:
    """The split here, if it beats the best."""
    weight = n * (n_all - n)
    if weight > 0 and left**2 > best[0] * weight:
        return left**2 / weight, f, position
    return best


@compiled
def _within_bins(table: Table, residual: Floats, features: Ints, work: Work, node: Node, best: Split) -> Split:
    """The best split inside a bin, if it beats the best at their borders."""
    for f in features:
        left, n = 0.0, 0.0
        for b in range(BINS):
            sums = work.sums[node.h, f, b]
            if sums[COUNT] > 1 and _bound(sums, left, n, node) > best[0]:
                best = _within_bin(table, residual, f, b, left, n, work.node, node, best)
            left, n = _past(sums, left, n, node.mean)
    return best


@compiled
def _bound(sums: Floats, left: float, n: float, node: Node) -> float:
    """No split inside a bin gains more, if `left` and `n` are what lies to the left of it.

    Of its residuals less the mean, any number sum to no more than the positive ones do, and to no more than
    sqrt(count x sum of squares) in size. The first is close while classes mix, the second when they are told apart.
    """
    count, mean = sums[COUNT], node.mean
    squares = sums[SQUARES] - 2 * mean * sums[SUM] + count * mean**2
    size = np.sqrt(count * (max(squares, 0.0) + ROUNDING**2 * count * mean**2))
    highest = left + min(size, sums[POSITIVE] + count * max(-mean, 0.0))
    lowest = left - min(size, sums[POSITIVE] - sums[SUM] + count * max(mean, 0.0))
    weight = min(n * (node.n - n), (n + count) * (node.n - n - count))
    return float(max(highest, -lowest) ** 2 * (1 + ROUNDING) / max(weight, node.n - 1))


@compiled
def _within_bin(
    table: Table,
    residual: Floats,
    f: int,
    b: int,
    left: float,
    n: float,
    node_of: NDArray[np.uint8],
    node: Node,
    best: Split,
) -> Split:
    """The best split inside bin b of feature f, if it beats the best so far."""
    last = np.float32(np.inf)
    for position in range(table.edge[f, b], table.edge[f, b + 1]):
        i = table.order[f, position]
        if node_of[i] == node.h:
            if table.x[i, f] > last + GAP:
                best = _better(best, left, n, node.n, f, position)
            left += residual[i] - node.mean
            n += 1
            last = table.x[i, f]
    return best


@compiled
def _threshold(table: Table, f: int, position: int, node: NDArray[np.uint8], h: int) -> float:
    """The middle between node h's last row before the position and its first from there on."""
    before, after = position - 1, position
    while node[table.order[f, before]] != h:
        before -= 1
    while node[table.order[f, after]] != h:
        after += 1
    a, b = table.x[table.order[f, before], f], table.x[table.order[f, after], f]
    middle = a / 2.0 + b / 2.0
    return float(a) if middle == b else float(middle)  # b goes right


@compiled
def _partition(
    rows: NDArray[np.uint32],
    spare: NDArray[np.uint32],
    node: NDArray[np.uint8],
    h: int,
    x: NDArray[np.float32],
    threshold: float,
) -> int:
    """Moves the rows with x <= threshold before the others, all to their child of node h; the number of the former."""
    n_left, n_right = 0, 0
    for k in range(len(rows)):
        i = rows[k]
        right = x[i] > threshold
        node[i] = 2 * h + right
        rows[n_left], spare[n_right] = i, i  # the one that is wrong is overwritten by the next: no branch to mispredict
        n_left += not right
        n_right += right
    rows[n_left:] = spare[:n_right]
    return n_left


@compiled
def add_steps(score: Floats, x: NDArray[np.float32], tree: Tree, rate: float) -> None:
    """Adds to each row's score (N,) the step of its leaf, times the rate."""
    inner = len(tree.step) // 2
    for i in range(len(x)):
        h = 1
        while h < inner:
            h = 2 * h + (x[i, tree.feature[h]] > tree.threshold[h])
        score[i] += rate * tree.step[h]
