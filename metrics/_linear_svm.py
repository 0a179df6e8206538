"""Linear support vector machines on one feature, solved exactly: what LinearSVC does, in two unknowns per class."""

from typing import NamedTuple

import numpy as np

from metrics._codes import Floats, Ints


class Svm(NamedTuple):
    """One-vs-rest classifiers w_c x + b_c of one feature: classes (C,), w and b (C,), or (1,) for two classes."""

    classes: Ints
    w: Floats
    b: Floats

    def predict(self, x: Floats) -> Ints:
        """The class of each x (N,) with the largest w_c x + b_c."""
        score = self.w[:, None] * x + self.b[:, None]
        best: Ints = self.classes[(score[0] > 0).astype(int) if len(score) == 1 else score.argmax(axis=0)]
        return best


def fit(x: Floats, y: Ints, C: float) -> Svm:
    """Per class c: min (w^2 + b^2)/2 + C sum_n weight_n max(0, 1 - s_n (w x_n + b))^2, s_n = 1 if y_n = c, else -1.

    x (N,), y (N,). The intercept is penalised, as in liblinear. Weights are balanced, N / (classes * N_c), for the
    rows of class c, and 1 for the rest (for two classes balanced for both), which is what scikit-learn hands to it.

    The loss is a quadratic on the rows within the margin. Along a sorted feature these are all rows to one side of a
    threshold, so that running sums of 1, x and x^2 give each Newton step in O(log N).
    """
    classes, label, count = np.unique(y, return_inverse=True, return_counts=True)
    sums = _RunningSums(x.astype(np.float64), label, count)
    balanced = C * len(x) / (len(classes) * count)
    if len(classes) == 2:
        return Svm(classes, *_newton(sums, np.array([1]), balanced[1:], balanced[:1]))
    return Svm(classes, *_newton(sums, np.arange(len(classes)), balanced, np.full(len(classes), C)))


class _RunningSums:
    """Sums of (1, x, x^2) over the rows of a class, or over the rest, on one side of a threshold."""

    def __init__(self, x: Floats, label: Ints, count: Ints) -> None:
        order = np.argsort(x)
        self.x, label = x[order], label[order]
        grouped = np.argsort(label, kind="stable")  # by class, and by x within a class
        self.all, self.own = _cumulated(self.x), _cumulated(self.x[grouped])
        self.key = label[grouped] * (len(x) + 1) + grouped
        self.start = np.concatenate([[0], np.cumsum(count)])

    def of(self, c: Ints, threshold: Floats, above: Floats) -> tuple[Floats, Floats]:
        """Over rows of class c below its threshold (beyond it, where `above`), and over all rows there; both (3, C)."""
        cut = np.searchsorted(self.x, threshold)
        own = self.own[:, np.searchsorted(self.key, c * (len(self.x) + 1) + cut)]
        low, high = self.own[:, self.start[c]], self.own[:, self.start[c + 1]]
        everything = self.all[:, cut]
        return (
            np.where(above, high - own, own - low),
            np.where(above, self.all[:, -1:] - everything, everything),
        )


def _cumulated(x: Floats) -> Floats:
    return np.concatenate([np.zeros((3, 1)), np.cumsum([np.ones_like(x), x, x**2], axis=1)], axis=1)


def _newton(sums: _RunningSums, c: Ints, c_own: Floats, c_rest: Floats, max_iter: int = 200) -> tuple[Floats, Floats]:
    """Minimise the objective of each class c at once, by Newton's method with halved steps; w and b, (C,)."""
    theta = np.zeros((2, len(c)))
    loss, H, r = _quadratic(sums, c, c_own, c_rest, theta)
    for _ in range(max_iter):
        step = _solve(H, r) - theta
        moving = np.abs(step) > 1e-10 * (1 + np.abs(theta))
        if not moving.any():
            break
        size = np.ones(len(c))
        slope = np.sum(step * (_times(H, theta) - r), axis=0)
        for _ in range(30):
            trial = theta + size * step
            trial_loss, trial_H, trial_r = _quadratic(sums, c, c_own, c_rest, trial)
            short = trial_loss > loss + 1e-4 * size * slope + 1e-12 * np.abs(loss)
            if not short.any():
                break
            size = np.where(short, size / 2, size)
        theta, loss, H, r = trial, trial_loss, trial_H, trial_r
    return theta[0], theta[1]


def _quadratic(
    sums: _RunningSums, c: Ints, c_own: Floats, c_rest: Floats, theta: Floats
) -> tuple[Floats, Floats, Floats]:
    """The loss at theta = (w, b), and H and r such that near theta it is theta H theta / 2 - r theta + constant.

    Loss (C,); H as (H_ww, H_wb, H_bb), (3, C); r (2, C).
    """
    w, b = theta
    with np.errstate(divide="ignore", invalid="ignore"):  # w = 0: all rows lie on the same side of +-infinity
        own, _ = sums.of(c, (1 - b) / w, w < 0)
        of_class, of_all = sums.of(c, (-1 - b) / w, w >= 0)
    (n, s, q), (m, t, u) = c_own * own, c_rest * (of_all - of_class)
    H = np.stack([1 + 2 * (q + u), 2 * (s + t), 1 + 2 * (n + m)])
    r = np.stack([2 * (s - t), 2 * (n - m)])
    loss = 0.5 * np.sum(theta * _times(H, theta), axis=0) - np.sum(theta * r, axis=0) + n + m
    return loss, H, r


def _times(H: Floats, theta: Floats) -> Floats:
    return np.stack([H[0] * theta[0] + H[1] * theta[1], H[1] * theta[0] + H[2] * theta[1]])


def _solve(H: Floats, r: Floats) -> Floats:
    determinant = H[0] * H[2] - H[1] ** 2
    return np.stack([H[2] * r[0] - H[1] * r[1], H[0] * r[1] - H[1] * r[0]] / determinant)
