"""Gradient-boosted classification trees, as scikit-learn's GradientBoostingClassifier grows them, compiled.

DCI reads its importances from this very algorithm and changes its value with any other: histogram boosters move it by
.06 to .3. Friedman, Greedy Function Approximation: A Gradient Boosting Machine, 2001, algorithm 6 (5 for two classes).

What makes it fast: each feature is sorted once, not once a node, and the trees of all classes grow together, level by
level. One pass over a feature's sorted rows then serves every node of every tree, and their running sums do not wait
for each other. A tree is a heap: the root is node 1, node h has the children 2h and 2h + 1. Node h of the tree of
class c is slot c * width + h of the arrays that describe nodes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from metrics._codes import Floats, Ints

GAP = np.float32(1e-7)  # values no further apart are not told apart
PURE = np.finfo(np.float64).eps  # a node of smaller variance is not split
NO_CURVATURE = 1e-150  # a leaf of smaller mean hessian adds nothing

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """Machine code, kept on disk (beside this file or, if that cannot be written, in the user's cache)."""
    return cast(_F, njit(cache=True)(function))


class Trees(NamedTuple):
    """One tree a class, by slot: feature and threshold (inf: not split) of each node, value of each leaf."""

    feature: NDArray[np.uint32]
    threshold: Floats
    value: Floats


class Sorted(NamedTuple):
    """Rows in order of each feature: their numbers and their values, (D, N)."""

    row: NDArray[np.uint32]
    x: NDArray[np.float32]


def boosted_trees(
    x: Floats,
    y: Ints,
    x_test: Floats,
    rng: np.random.Generator,
    *,
    stages: int = 100,
    rate: float = 0.1,
    depth: int = 3,
) -> tuple[Ints, Floats]:
    """Fit to x (N, D), y (N,) of two classes or more: the predicted classes of x_test, and each feature's importance.

    The importances (D,) are the squared error that the splits on a feature take off the residuals, summed over all
    trees, in shares of the total; zeros if nothing could be split. `rng` orders the features, and so decides between
    splits that are exactly as good. A class that is absent from y is never predicted. depth is at most 6.
    """
    x, x_test = (np.ascontiguousarray(a, dtype=np.float32) for a in (x, x_test))
    classes, y = np.unique(y, return_inverse=True)
    prior, newton = _prior(y, len(classes)), 1 - 1 / len(classes) if len(classes) > 2 else 1.0
    rows = _sort(x)
    score, score_test = (np.tile(prior, (len(a), 1)) for a in (x, x_test))
    residual, centred, importance = np.empty_like(score), np.empty_like(score), np.zeros(x.shape[1])
    for _ in range(stages):
        features = rng.permuted(np.tile(np.arange(x.shape[1]), (depth, 1)), axis=1)
        _set_residual(residual, score, y)
        trees, leaf = _grow(rows, x, residual, centred, features, importance)
        _add(score, leaf, trees.value, rate * newton)
        _add(score_test, _leaf(x_test, trees, depth), trees.value, rate * newton)
    predicted = score_test.argmax(axis=1) if len(classes) > 2 else (score_test[:, 0] >= 0).astype(np.int64)
    return classes[predicted], importance / max(importance.sum(), np.finfo(np.float64).tiny)


def _sort(x: NDArray[np.float32]) -> Sorted:
    row = np.argsort(x, axis=0, kind="stable")
    return Sorted(
        np.ascontiguousarray(row.T, dtype=np.uint32), np.ascontiguousarray(np.take_along_axis(x, row, axis=0).T)
    )


def _prior(y: Ints, n_classes: int) -> Floats:
    """The scores that predict the classes' shares: log p (C,) or, of two classes, the logit of the second (1,)."""
    log_share = np.log(np.bincount(y, minlength=n_classes) / len(y))
    return log_share if n_classes > 2 else log_share[1:] - log_share[0]


@compiled
def _set_residual(residual: Floats, score: Floats, y: Ints) -> None:
    """[y = c] - p(c) of each row and class (N, C): p the softmax of scores or, of two classes, the logistic (N, 1)."""
    for i in range(len(score)):
        if score.shape[1] == 1:
            residual[i, 0] = y[i] - 1 / (1 + np.exp(-score[i, 0]))
        else:
            p = np.exp(score[i] - score[i].max())
            residual[i] = -p / p.sum()
            residual[i, y[i]] += 1


@compiled
def _grow(
    rows: Sorted,
    x: NDArray[np.float32],
    residual: Floats,
    centred: Floats,
    features: Ints,
    importance: Floats,
) -> tuple[Trees, NDArray[np.uint8]]:
    """A tree for each class's residual (N, C), and each row's leaf in each tree (N, C); adds to importance (D,).

    features (depth, D) is the order in which each level tries the features; centred (N, C) is overwritten.
    """
    depth = len(features)
    width = np.uint64(2 << depth)
    slots = residual.shape[1] * width
    feature, threshold = np.zeros(slots, np.uint32), np.full(slots, np.inf)
    node = np.ones(residual.shape, np.uint8)
    for level in range(depth):
        count, gain = _open(residual, node, width, centred)
        _search(rows, centred, node, width, features[level], count, gain, feature, threshold)
        _credit(importance, count, gain, feature)
        _descend(x, node, width, feature, threshold)
    return Trees(feature, threshold, _newton_step(residual, node, width)), node


@compiled
def _open(residual: Floats, node: NDArray[np.uint8], width: np.uint64, centred: Floats) -> tuple[Floats, Floats]:
    """Of each slot the count of rows and the gain to beat; sets centred to the residuals less the mean of their node.

    Any split beats -1; none beats inf, the mark of a node that must stay whole.
    """
    n_rows, n_classes = residual.shape
    count, total, squares = np.zeros((3, n_classes * width))
    for i in range(n_rows):
        for c in range(n_classes):
            s = np.uint64(c) * width + node[i, c]
            count[s] += 1
            total[s] += residual[i, c]
    mean = total / np.maximum(count, 1)
    for i in range(n_rows):
        for c in range(n_classes):
            s = np.uint64(c) * width + node[i, c]
            centred[i, c] = residual[i, c] - mean[s]
            squares[s] += centred[i, c] ** 2
    return count, np.where((count >= 2) & (squares > PURE * count), -1.0, np.inf)


@compiled
def _search(
    rows: Sorted,
    centred: Floats,
    node: NDArray[np.uint8],
    width: np.uint64,
    features: Ints,
    count: Floats,
    gain: Floats,
    feature: NDArray[np.uint32],
    threshold: Floats,
) -> None:
    """The best split of each node: raises its gain, and sets its feature and threshold, wherever one is found.

    With n of a node's N rows on the left and S the sum of their centred residuals, a split takes
    N S^2 / (n (N - n)) off the squared error. `gain` is that less the factor N, which all splits of a node share.
    """
    n_rows, n_classes = centred.shape
    left, n_left, last = np.empty_like(gain), np.empty_like(gain), np.empty(len(gain), np.float32)
    for f in features:
        left[:], n_left[:], last[:] = 0, 0, np.inf
        for position in range(n_rows):
            i, x = rows.row[f, position], rows.x[f, position]
            for c in range(n_classes):
                s = np.uint64(c) * width + node[i, c]
                weight = n_left[s] * (count[s] - n_left[s])
                # a product, not a quotient, and before the rarer test: this line runs for every row, feature and tree
                if left[s] ** 2 > gain[s] * weight and x > last[s] + GAP:
                    gain[s] = left[s] ** 2 / weight
                    feature[s], threshold[s] = f, _between(last[s], x)
                left[s] += centred[i, c]
                n_left[s] += 1
                last[s] = x


@compiled
def _between(a: np.float32, b: np.float32) -> float:
    """The middle of a < b; a itself where that rounds to b, which must go right."""
    middle = a / 2.0 + b / 2.0
    return float(a) if middle == b else float(middle)


@compiled
def _credit(importance: Floats, count: Floats, gain: Floats, feature: NDArray[np.uint32]) -> None:
    """Adds the squared error that each new split takes off to the importance of its feature."""
    for s in range(len(gain)):
        if 0 <= gain[s] < np.inf:
            importance[feature[s]] += count[s] * gain[s]


@compiled
def _descend(
    x: NDArray[np.float32],
    node: NDArray[np.uint8],
    width: np.uint64,
    feature: NDArray[np.uint32],
    threshold: Floats,
) -> None:
    """Every row one level down in every tree. A node without a split hands its rows to its left child."""
    for i in range(node.shape[0]):
        for c in range(node.shape[1]):
            s = np.uint64(c) * width + node[i, c]
            node[i, c] = 2 * node[i, c] + (x[i, feature[s]] > threshold[s])


@compiled
def _newton_step(residual: Floats, node: NDArray[np.uint8], width: np.uint64) -> Floats:
    """sum (y - p) / sum p (1 - p) over each leaf: the step to the minimum of the loss's quadratic approximation."""
    n_rows, n_classes = residual.shape
    count, gradient, curvature = np.zeros((3, n_classes * width))
    for i in range(n_rows):
        for c in range(n_classes):
            s = np.uint64(c) * width + node[i, c]
            count[s] += 1
            gradient[s] += residual[i, c]
            curvature[s] += abs(residual[i, c]) * (1 - abs(residual[i, c]))  # y is 0 or 1
    return np.where(curvature > NO_CURVATURE * count, gradient / np.maximum(curvature, NO_CURVATURE), 0.0)


@compiled
def _leaf(x: NDArray[np.float32], trees: Trees, depth: int) -> NDArray[np.uint8]:
    """The leaf of each row of x (N, D) in each tree, (N, C)."""
    width = np.uint64(2 << depth)
    node = np.ones((len(x), len(trees.value) // width), np.uint8)
    for _ in range(depth):
        _descend(x, node, width, trees.feature, trees.threshold)
    return node


@compiled
def _add(score: Floats, leaf: NDArray[np.uint8], value: Floats, step: float) -> None:
    """Adds step times the value of each row's leaf to its scores (N, C)."""
    width = np.uint64(len(value) // score.shape[1])
    for i in range(score.shape[0]):
        for c in range(score.shape[1]):
            score[i, c] += step * value[np.uint64(c) * width + leaf[i, c]]
