"""mixed_sources: a table whose features are smooth nonlinear mixtures of independent sources."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._render.noise import in_units_of_noise, require

__all__ = ["mixed_sources"]

HIDDEN = 4  # units of the mixing network for each feature
MOST_ROWS = 1_000_000


def mixed_sources(
    sources: int = 5, values: int = 8, features: int = 20, decay: float = 0.7, noise: float = 0.1, seed: int = 0
) -> FactorDataset:
    """values^sources rows of so many features: every combination of the sources' values, once.

    A source takes equally spaced values of mean 0 and variance 1; the features are x = B tanh(A u + a), a random
    network drawn from the seed, each brought to mean 0 and variance 1. decay: how strongly a source moves them, as a
    part of what the one before does; at 1 all do alike, and nothing but the bend of the network tells one direction
    among them from another. noise: the standard deviation of what is added to each value, against 1 of the feature;
    the table is stated in units of it, so that the Gaussian likelihood, of variance 1, is the true one.
    """
    require(sources >= 2, "mixed_sources", "sources", sources, "at least 2")
    require(values >= 2, "mixed_sources", "values", values, "at least 2")
    few = sources * np.log2(values) <= np.log2(MOST_ROWS)
    require(few, "mixed_sources", "values", values, f"values^sources at most {MOST_ROWS:,}, and sources is {sources}")
    require(1 <= features <= 1000, "mixed_sources", "features", features, "from 1 to 1000")
    require(0 < decay <= 1, "mixed_sources", "decay", decay, "above 0 and at most 1")
    require(seed >= 0, "mixed_sources", "seed", seed, "at least 0")
    sizes = (values,) * sources
    v = np.indices(sizes).reshape(sources, -1).T.astype(np.int16)
    rng = np.random.default_rng(seed)
    signal = mixed((v - (values - 1) / 2) / np.sqrt((values**2 - 1) / 12), features, decay, rng)
    x = in_units_of_noise("mixed_sources", signal, noise, rng)
    return FactorDataset(
        observations=x,
        v=v,
        names=tuple(f"source{k + 1}" for k in range(sources)),
        sizes=sizes,
        shape=(features,),
        sha256=hashlib.sha256(x.data).hexdigest(),
        kind="vector",
        likelihood="gaussian",
    )


def mixed(u: NDArray[np.float64], features: int, decay: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """B tanh(A u + a), (N, features), each of mean 0 and variance 1 over the rows of u (N, sources)."""
    sources, units = u.shape[1], HIDDEN * features
    strength = decay ** np.arange(sources)
    a = rng.standard_normal((sources, units)) * (strength / np.linalg.norm(strength))[:, None]
    hidden = np.tanh(u @ a + 0.5 * rng.standard_normal(units))
    x = hidden @ rng.standard_normal((units, features))
    standard: NDArray[np.float64] = (x - x.mean(axis=0)) / x.std(axis=0)
    return standard
