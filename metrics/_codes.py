"""What a metric sees: codes and the factors that made them, row by row. No model, no images, no torch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


class MetricError(ValueError):
    """Arrays or arguments that a metric cannot score: names the array, the column and the rule."""


class Codes(NamedTuple):
    """Representations z (N, D) and their ground-truth factors v (N, K), indices 0..n_k-1 per column.

    To a metric that asks for an order of values (ABOUT.order) v may be real numbers: the true values of continuous
    factors, which for others are in bins.

    kinds: of each factor, (K,): "ordered", "unordered" (shapes), or "cyclic P" (an angle whose values repeat after P,
    in units of v). Empty: all are ordered, or nobody has said.
    """

    z: Floats
    v: Ints
    kinds: tuple[str, ...] = ()


class Scores(NamedTuple):
    """What a metric returns. Higher is better unless the metric's docstring says otherwise.

    values: the scores by name; per_factor: (K,) arrays, nan where undefined; matrices: by name, shapes in the metric's
    docstring. notes: one line each for what decides a value beside what the codes hold (dimensions left out, a penalty
    that outweighs small codes), and what to do about it; most often none.
    """

    values: dict[str, float]
    per_factor: dict[str, Floats] = {}
    matrices: dict[str, Floats] = {}
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Posterior:
    """q(z|x) of N observations: mu, logvar (N, D), factors v (N, K) and their rows in the data set, index (N,).

    numbers: (N, K) the factors as real numbers, where some are continuous and v holds their bins.
    """

    mu: Floats
    logvar: Floats
    v: Ints
    index: Ints
    numbers: Floats | None = None

    @property
    def arrays(self) -> dict[str, Floats | Ints]:
        """What there is of it, by name, as a file holds it."""
        return {name: array for name, array in vars(self).items() if array is not None}

    def rows(self, rows: Any) -> "Posterior":
        """That of some of the observations."""
        return Posterior(**{name: array[rows] for name, array in self.arrays.items()})

    def codes(self, rng: np.random.Generator | None = None) -> Codes:
        """The posterior means or, with a generator, one sample of each posterior."""
        if rng is None:
            return Codes(self.mu, self.v)
        noise = rng.standard_normal(self.mu.shape).astype(self.mu.dtype)
        return Codes(self.mu + np.exp(0.5 * self.logvar) * noise, self.v)


# A metric is metric(sample, rng, *, ...) or metric(table, rng, *, ...). Its first parameter's name says which rows it
# wants: `sample`, rows drawn independently, the first n_train to fit and the next n_test to test; or `table`, rows of
# which it selects by factor value itself (the whole grid where there is one). Its keyword defaults are its protocol.
Metric = Callable[..., Scores]
