"""Noise on made observations, and the refusal of arguments that make none."""

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError

STEP = 2.0**-10  # values are whole multiples of it, so that processors which round differently make the same bytes


def in_units_of_noise(
    dataset: str, signal: NDArray[np.float64], noise: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """signal / noise + e with e ~ N(0, 1): what the unit-variance Gaussian likelihood takes observations to be.

    BenchError unless noise is from 0.001 to 1000.
    """
    require(1e-3 <= noise <= 1e3, dataset, "noise", noise, "from 0.001 to 1000")
    x = signal / noise + rng.standard_normal(signal.shape)
    return np.ascontiguousarray(np.round(x / STEP) * STEP, np.float32)


def require(allowed: bool, dataset: str, argument: str, given: object, rule: str) -> None:
    """BenchError unless `allowed`."""
    if not allowed:
        raise BenchError(f"{dataset}.{argument}={given}: expected {rule}")
