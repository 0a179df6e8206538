"""Factors by name, and the distribution over their values that training draws from."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.errors import BenchError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

COMPARED = {"=": np.equal, "<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal}


class Condition(NamedTuple):
    """A factor's column, how its index is compared, and with what."""

    column: int
    sign: str
    value: int

    def met(self, v: NDArray[np.integer]) -> Mask:
        """Which rows of v (N, K) meet it, (N,)."""
        return np.asarray(COMPARED[self.sign](v[:, self.column], self.value), bool)


def columns_of(argument: str, given: str, names: tuple[str, ...]) -> tuple[int, ...]:
    """The columns of `scale:posX`, two factors or more, each once. BenchError names the argument."""
    chosen = [name.strip() for name in given.split(":")]
    for name in chosen:
        if name not in names:
            raise BenchError(f"{argument}={given}: unknown factor {name!r}: choose from {', '.join(names)}")
    if len(chosen) < 2 or len(set(chosen)) < len(chosen):
        raise BenchError(f"{argument}={given}: expected different factors with a colon between, such as {_two(names)}")
    return tuple(names.index(name) for name in chosen)


def pairs_of(argument: str, given: str, names: tuple[str, ...]) -> list[tuple[int, int]]:
    """The columns of `scale:posX,shape:posY`. BenchError where that is not one pair or more, each once."""
    pairs = [columns_of(argument, pair, names) for pair in given.split(",") if pair.strip()]
    if not pairs or any(len(pair) != 2 for pair in pairs) or len({frozenset(pair) for pair in pairs}) < len(pairs):
        raise BenchError(
            f"{argument}={given}: expected pairs of factors, each once, such as {_two(names)}; "
            f"the factors are {', '.join(names)}"
        )
    return [(i, j) for i, j in pairs]


def conditions_of(argument: str, given: str, names: tuple[str, ...]) -> list[Condition]:
    """`shape=2,posX>=8` in its parts. BenchError names the argument."""
    found = []
    for text in given.split(","):
        parts = re.fullmatch(r"\s*(.+?)\s*(<=|>=|=|<|>)\s*(\d+)\s*", text)
        if parts is None:
            raise BenchError(f"{argument}={given}: expected conditions on indices, such as {names[0]}=0,{names[-1]}>=1")
        name, sign, value = parts.groups()
        if name not in names:
            raise BenchError(f"{argument}={given}: unknown factor {name!r}: choose from {', '.join(names)}")
        found.append(Condition(names.index(name), sign, int(value)))
    return found


def training_weights(dataset: FactorDataset, columns: Iterable[int] = ()) -> Floats:
    """In what proportion training draws the rows, (N,); 0 where the value of one of these factors is not known.

    An array of its own.
    """
    weights = np.ones(len(dataset)) if dataset.weights is None else dataset.weights.copy()
    weights[~known(dataset, columns)] = 0
    return weights


def known(dataset: FactorDataset, columns: Iterable[int]) -> Mask:
    """The rows of which the values of these factors are known, (N,)."""
    return np.asarray((dataset.v[:, list(columns)] >= 0).all(axis=1))


def weighted(wrapper: str, dataset: FactorDataset, weights: Floats) -> FactorDataset:
    """The data set with these training weights. BenchError where they leave nothing to draw."""
    if not (np.isfinite(weights.sum()) and weights.sum() > 0):
        raise BenchError(f"{wrapper}: leaves no row of {len(dataset)} to train on")
    return replace(dataset, weights=weights)


def check_scored(wrapper: str, dataset: FactorDataset) -> FactorDataset:
    """The data set. BenchError where the rows that are left to score, if any, tell no factor's values apart."""
    v = dataset.v[dataset.to_score]
    if len(v) < 2 or not (v != v[0]).any():
        raise BenchError(f"{wrapper}: leaves {len(v)} of {len(dataset)} rows to score, over which no factor varies")
    return dataset


def joint(dataset: FactorDataset, weights: Floats, i: int, j: int) -> Floats:
    """p(v_i, v_j) under these weights, which are 0 where a value is not known; (n_i, n_j)."""
    n_i, n_j = dataset.sizes[i], dataset.sizes[j]
    cells = dataset.v[:, i].clip(0).astype(np.int64) * n_j + dataset.v[:, j].clip(0)
    return np.asarray(np.bincount(cells, weights, n_i * n_j).reshape(n_i, n_j) / weights.sum())


def mutual_information(p: Floats) -> float:
    """I(a; b) in nats of a joint distribution p(a, b)."""
    product = p.sum(axis=1, keepdims=True) * p.sum(axis=0)
    there = p > 0
    return float((p[there] * np.log(p[there] / product[there])).sum())


def _two(names: tuple[str, ...]) -> str:
    return ":".join(names[:2])
