"""Multinomial logistic regression, solved to its optimum in float64: the linear probe of several metrics."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from metrics._codes import Floats, Ints


class Probe(NamedTuple):
    """A fitted classifier p(y = k | x) ~ exp(W_k x + b_k): classes (C,), W (C, D), b (C,)."""

    classes: Ints
    W: Floats
    b: Floats

    def log_probability(self, x: Floats) -> Floats:
        """log p(class | x) for each row of x (N, D); (C, N)."""
        a = self.W @ x.T.astype(np.float64) + self.b[:, None]
        a -= a.max(axis=0)
        return np.asarray(a - np.log(np.exp(a).sum(axis=0)))

    def predict(self, x: Floats) -> Ints:
        """The most probable class of each row of x (N, D); (N,)."""
        best: Ints = self.classes[np.argmax(self.W @ x.T + self.b[:, None], axis=0)]
        return best


def fit(
    x: Floats, y: Ints, *, penalty: float = 1.0, weight: Floats | None = None, max_iter: int = 2000, gtol: float = 1e-6
) -> Probe:
    """Minimise sum_n c_n (-log p(y_n | x_n)) + penalty/2 |W|^2 over W and b, by L-BFGS; the intercept is free.

    x (N, D), y (N,) labels, weight c (N,), 1 by default. Stops at a gradient per row below gtol in every coordinate.
    Two classes share one vector of weights in scikit-learn's binomial model; +-W/2 there weighs half as much, so that
    the penalty is doubled for the two problems to have the same optimum.
    """
    classes, label = np.unique(y, return_inverse=True)
    n, c = len(x), np.ones(len(x)) if weight is None else weight
    a = np.concatenate([x.T.astype(np.float64), np.ones((1, n))])  # (D + 1, N)
    ridge = np.full(len(a), penalty * (2 if len(classes) == 2 else 1) / n)
    ridge[-1] = 0.0
    rows = np.arange(n)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(len(classes), len(a))
        p = w @ a  # (C, N), logits turned into probabilities in place: this is where the time goes
        p -= p.max(axis=0)
        own = p[label, rows]
        np.exp(p, out=p)
        total = p.sum(axis=0)
        p *= c / total
        p[label, rows] -= c
        nll = np.dot(c, np.log(total) - own) / n
        return float(nll + 0.5 * np.sum(ridge * w**2)), (p @ a.T / n + ridge * w).ravel()

    start = np.zeros((len(classes), len(a)))
    start[:, -1] = np.log(np.bincount(label, weights=c) / c.sum())
    solution = minimize(
        objective,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "maxfun": 10 * max_iter, "gtol": gtol, "ftol": 0.0, "maxcor": 20, "maxls": 50},
    )
    w = solution.x.reshape(start.shape)
    return Probe(classes, w[:, :-1], w[:, -1])
