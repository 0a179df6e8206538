"""Gradient-boosted classification trees, as scikit-learn's GradientBoostingClassifier grows them, compiled.

DCI reads its importances from this very algorithm and changes its value with any other: histogram boosters move it by
.06 to .3. Friedman, Greedy Function Approximation: A Gradient Boosting Machine, 2001, algorithm 6 (5 for two classes).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from metrics._codes import Floats, Ints
from metrics._regression_tree import add_steps, compiled, empty_tree, grow, tabulate, workspace

NO_CURVATURE = 1e-150  # a leaf of smaller mean hessian adds nothing


def boosted_trees(x: Floats, y: Ints, x_test: Floats, rng: np.random.Generator, **growth: Any) -> tuple[Ints, Floats]:
    """Fit to x (N, D), y (N,) of two classes or more: the predicted classes of x_test, and each feature's importance.

    The importances (D,) are the squared error that the splits on a feature take off the residuals, summed over all
    trees, in shares of the total; zeros if nothing could be split. `rng` orders the features, and so decides between
    splits that are exactly as good. A class that is absent from y is never predicted.
    growth: stages, rate and depth, as `stages_of_trees` has them.
    """
    classes = np.unique(y)
    *_, (score, importance) = stages_of_trees(x, y, x_test, rng, **growth)
    return classes[chosen(score)], importance / max(importance.sum(), np.finfo(np.float64).tiny)


def stages_of_trees(
    x: Floats,
    y: Ints,
    x_test: Floats,
    rng: np.random.Generator,
    *,
    stages: int = 100,
    rate: float = 0.1,
    depth: int = 3,
) -> Iterator[tuple[Floats, Floats]]:
    """The fit of `boosted_trees`, stage by stage: the scores of x_test (C, M) by class, and each feature's gain (D,).

    Of two classes there is one row of scores, the logit of the second. Both arrays are overwritten by the next stage.
    depth is at most 7.
    """
    x, x_test = (np.ascontiguousarray(a, dtype=np.float32) for a in _placed(x, x_test))
    classes, y = np.unique(y, return_inverse=True)
    newton = rate * (1 - 1 / len(classes) if len(classes) > 2 else 1)
    table, work, tree = tabulate(x), workspace(x, depth), empty_tree(depth)
    score, score_test = (np.tile(prior(y)[:, None], (1, len(a))) for a in (x, x_test))
    residual, importance = np.empty_like(score), np.zeros(x.shape[1])
    for _ in range(stages):
        _set_residual(residual, score, y)
        for c in range(len(score)):
            grow(table, residual[c], rng.permutation(x.shape[1]), work, tree, importance)
            _set_steps(tree.step, residual[c], work.node)
            add_steps(score[c], x, tree, newton)
            add_steps(score_test[c], x_test, tree, newton)
        yield score_test, importance


def _placed(x: Floats, x_test: Floats) -> tuple[Floats, Floats]:
    """Both as they are, but for features whose range float32 or the trees' least gap of 1e-7 could not resolve.

    These are shifted to begin at 0 and multiplied by a power of 2, which changes no order of values.
    """
    low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
    span = high - low
    far = np.maximum(np.abs(low), np.abs(high)) > 2.0**6 * span
    odd = (span > 0) & (far | (span < 2.0**-6))
    if not odd.any():
        return x, x_test
    shift, scale = np.where(odd, low, 0.0), np.where(odd, 2.0 ** -np.frexp(span)[1].astype(float), 1.0)
    return (x - shift) * scale, (x_test - shift) * scale


def chosen(score: Floats) -> Ints:
    """The class with the highest score (C, N), by its place among the classes; (N,)."""
    return np.asarray(score.argmax(axis=0) if len(score) > 1 else score[0] >= 0, np.int64)


def prior(y: Ints) -> Floats:
    """The scores that predict the classes' shares: log p (C,) or, of two classes, the logit of the second (1,)."""
    log_share = np.log(np.bincount(y) / len(y))
    return log_share if len(log_share) > 2 else log_share[1:] - log_share[0]


def _set_residual(residual: Floats, score: Floats, y: Ints) -> None:
    """[y = c] - p(c) by class and row, (C, N): p the softmax of the scores or, of two classes, the logistic (1, N)."""
    if len(score) == 1:
        residual[0] = y - expit(score[0])
        return
    np.exp(np.subtract(score, score.max(axis=0), out=residual), out=residual)
    residual /= -residual.sum(axis=0)
    residual[y, np.arange(len(y))] += 1


@compiled
def _set_steps(step: Floats, residual: Floats, node: NDArray[np.uint8]) -> None:
    """sum (y - p) / sum p (1 - p) over each leaf: the step to the minimum of the loss's quadratic approximation."""
    n, gradient, curvature = np.zeros((3, len(step)))
    for i in range(len(residual)):
        n[node[i]] += 1
        gradient[node[i]] += residual[i]
        curvature[node[i]] += abs(residual[i]) * (1 - abs(residual[i]))  # y is 0 or 1
    step[:] = np.where(curvature > NO_CURVATURE * n, gradient / np.maximum(curvature, NO_CURVATURE), 0.0)
