"""Codes made up by formula over a grid of factors: what a metric says of them shows what it sees and what it misses."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from metrics._codes import Floats, Ints


class Grid(NamedTuple):
    """Factors v (N, K), their sizes, and x (N, K): each scaled to mean 0 and variance 1 over the whole grid."""

    v: Ints
    sizes: tuple[int, ...]
    x: Floats

    @classmethod
    def of(cls, sizes: tuple[int, ...]) -> "Grid":
        """Every combination of factor values, the last factor fastest. At least two factors of two values or more."""
        v = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)
        return cls(v, sizes, scaled(v, sizes))


def scaled(v: Ints, sizes: tuple[int, ...]) -> Floats:
    """Indices v (N, K) of factors of these sizes, of mean 0 and variance 1 over the whole grid; one of size 1 is 0."""
    n = np.array(sizes)
    return np.asarray((v - (n - 1) / 2) / np.where(n > 1, np.sqrt((n**2 - 1) / 12), 1))


class Analytic(NamedTuple):
    """A code: what it is, and z (N, D) of a grid."""

    about: str
    make: Callable[[Grid, np.random.Generator], Floats]


def permuted(grid: Grid, rng: np.random.Generator) -> Floats:
    """The factors in reverse order, each scaled by another power of 2 from 1/4 to 4, every other one mirrored."""
    K = len(grid.sizes)
    return np.asarray(grid.x[:, ::-1] * 2.0 ** np.linspace(-2, 2, K) * (-1.0) ** np.arange(K))


def rotated(grid: Grid, rng: np.random.Generator) -> Floats:
    """(a + b) / sqrt 2 and (a - b) / sqrt 2 of each pair of neighbouring factors; an odd one out stays."""
    z = grid.x.copy()
    pairs = len(grid.sizes) // 2 * 2
    a, b = grid.x[:, 0:pairs:2], grid.x[:, 1:pairs:2]
    z[:, 0:pairs:2], z[:, 1:pairs:2] = (a + b) / np.sqrt(2), (a - b) / np.sqrt(2)
    return z


def split(grid: Grid, rng: np.random.Generator) -> Floats:
    """The factor of most values, n, as quotient and remainder by about sqrt n, in two dimensions."""
    k = int(np.argmax(grid.sizes))
    base = int(np.ceil(np.sqrt(grid.sizes[k])))
    parts = np.stack([grid.v[:, k] // base, grid.v[:, k] % base], axis=1)
    return np.concatenate([np.delete(grid.x, k, axis=1), _scaled(parts)], axis=1)


def merged(grid: Grid, rng: np.random.Generator) -> Floats:
    """The first two factors as one number in one dimension."""
    both = grid.v[:, :1] * grid.sizes[1] + grid.v[:, 1:2]
    return np.concatenate([_scaled(both), grid.x[:, 2:]], axis=1)


def cyclic(grid: Grid, rng: np.random.Generator) -> Floats:
    """The factor of most values as an angle, by its sine and cosine."""
    k = int(np.argmax(grid.sizes))
    angle = 2 * np.pi * grid.v[:, [k]] / grid.sizes[k]
    circle = np.sqrt(2) * np.concatenate([np.sin(angle), np.cos(angle)], axis=1)
    return np.concatenate([np.delete(grid.x, k, axis=1), circle], axis=1)


def noisy(sd: float) -> Callable[[Grid, np.random.Generator], Floats]:
    """The perfect code with independent Gaussian noise, in units of each factor's standard deviation."""
    return lambda grid, rng: np.asarray(grid.x + sd * rng.standard_normal(grid.x.shape))


def _scaled(z: Ints) -> Floats:
    return np.asarray((z - z.mean(axis=0)) / z.std(axis=0))


CODES = {
    "perfect": Analytic("each factor in a dimension of its own, scaled to variance 1", lambda g, rng: g.x),
    "permuted": Analytic("perfect, in another order, with scales from 1/4 to 4 and mirrored", permuted),
    "rotated": Analytic("perfect, pairs of dimensions rotated by 45 degrees", rotated),
    "split": Analytic("the largest factor split over two dimensions (quotient and remainder)", split),
    "merged": Analytic("the first two factors merged in one dimension", merged),
    "duplicated": Analytic("perfect, every dimension twice", lambda g, rng: np.concatenate([g.x, g.x], axis=1)),
    "cyclic": Analytic("the largest factor as an angle, by sine and cosine", cyclic),
    "half dead": Analytic("perfect, and as many constant dimensions", lambda g, rng: np.concatenate([g.x, 0 * g.x], 1)),
    "noise 0.1": Analytic("perfect, with noise of 0.1 standard deviations", noisy(0.1)),
    "noise 0.3": Analytic("perfect, with noise of 0.3 standard deviations", noisy(0.3)),
    "noise 1": Analytic("perfect, with noise of 1 standard deviation", noisy(1.0)),
    "noise 3": Analytic("perfect, with noise of 3 standard deviations", noisy(3.0)),
    "pure noise": Analytic("ten dimensions of noise that know nothing", lambda g, rng: rng.normal(size=(len(g.v), 10))),
    "all dead": Analytic("constant dimensions", lambda g, rng: 0 * g.x),
}
