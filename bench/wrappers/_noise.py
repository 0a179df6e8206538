"""Observations altered row by row, with random numbers that belong to the row: the same at every call and place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset, Index
from bench.errors import BenchError
from bench.seeds import word

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Altered:
    """The observations of a data set, each altered by a function of it and its row number: alter(x, rows)."""

    inner: FactorDataset
    alter: Callable[[Floats, Index], Floats]

    def __len__(self) -> int:
        return len(self.inner)

    def __getitem__(self, index: Index) -> Floats:
        return self.alter(self.inner.x(index), index)


def uniforms(rows: Index, shape: tuple[int, ...], seed: int, name: str) -> Floats:
    """Uniform on [0, 1), (len(rows), *shape): a function of seed, wrapper's name and row."""
    u = np.empty((len(rows), *shape), np.float32)
    for rng, of_row in zip(_generators(rows, seed, name), u, strict=True):
        rng.random(out=of_row, dtype=np.float32)
    return u


def normals(rows: Index, shape: tuple[int, ...], seed: int, name: str) -> Floats:
    """Standard normal, (len(rows), *shape): a function of seed, wrapper's name and row."""
    e = np.empty((len(rows), *shape), np.float32)
    for rng, of_row in zip(_generators(rows, seed, name), e, strict=True):
        rng.standard_normal(out=of_row, dtype=np.float32)
    return e


def check_seed(wrapper: str, seed: int) -> None:
    """BenchError for a seed that is none."""
    if seed < 0:
        raise BenchError(f"{wrapper}.seed={seed}: expected a whole number of at least 0")


def to_colour(wrapper: str, dataset: FactorDataset, channels: tuple[int, ...]) -> tuple[int, int, int]:
    """The shape of the data set's images with three channels. BenchError where they have other than `channels`."""
    if dataset.kind != "image" or dataset.shape[0] not in channels or dataset.likelihood == "categorical":
        allowed = " or ".join(map(str, channels))
        shape = " x ".join(map(str, dataset.shape))
        raise BenchError(f"{wrapper}: expected images of {allowed} channel, given {dataset.kind}s of {shape}")
    return 3, dataset.shape[1], dataset.shape[2]


def _generators(rows: Index, seed: int, name: str) -> Iterator[np.random.Generator]:
    """A generator for each row. It is one counter-based generator put where the row's numbers begin: a new one takes
    three times as long to make."""
    bits = np.random.Philox(key=word(seed, "wrapper", name))
    rng, start = np.random.Generator(bits), bits.state
    for row in rows.tolist():
        start["state"]["counter"][:] = (0, 0, row, 0)
        bits.state = start
        yield rng
