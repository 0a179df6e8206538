"""Noise on the observations, in x as it is trained on and scored; each row has its own, once and for all."""

from dataclasses import replace
from functools import partial
from math import isfinite

import numpy as np

from bench.data._base import FactorDataset, Index
from bench.errors import BenchError
from bench.wrappers._noise import Altered, Floats, check_seed, normals, uniforms

__all__ = ["noise"]

LOOKED_AT = 1_000  # rows, spread evenly, by which observations are taken to be binary


def noise(dataset: FactorDataset, *, level: float = 0.1, seed: int = 0) -> FactorDataset:
    """Binary observations: each element flips with probability `level`. Others: x + level e, e standard normal.

    Where the likelihood is Bernoulli's, x is clipped to [0, 1] afterwards, outside which that is none. Observations
    are binary if 1,000 rows, spread evenly over the data set, hold nothing but 0 and 1. BenchError for a level that is
    not above 0, for a probability above 0.5, and for categorical observations.
    """
    check_seed("noise", seed)
    if dataset.likelihood == "categorical":
        raise BenchError("noise: the observations are categories, which noise of this kind does not fit")
    some = dataset.x(np.linspace(0, len(dataset) - 1, min(LOOKED_AT, len(dataset))).astype(np.int64))
    binary = bool(np.isin(some, (0, 1)).all())
    if not (isfinite(level) and level > 0 and (level <= 0.5 or not binary)):
        rule = "a probability above 0 and up to 0.5, of binary observations" if binary else "a finite number above 0"
        raise BenchError(f"noise.level={level}: expected {rule}")
    top = 1.0 if dataset.likelihood == "bernoulli" else np.inf
    alter = partial(_flipped, level, seed) if binary else partial(_blurred, level, seed, top)
    return replace(dataset, observations=Altered(dataset, alter), packed=False)


def _flipped(level: float, seed: int, x: Floats, rows: Index) -> Floats:
    return np.where(uniforms(rows, x.shape[1:], seed, "noise") < level, 1 - x, x)


def _blurred(level: float, seed: int, top: float, x: Floats, rows: Index) -> Floats:
    noisy = x + np.float32(level) * normals(rows, x.shape[1:], seed, "noise")
    return noisy if top == np.inf else noisy.clip(0, top)
