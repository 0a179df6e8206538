"""What a data set is: observations, and for each the factors that made it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Kind = Literal["image", "vector", "sequence"]
Index = NDArray[np.integer]


class Rows(Protocol):
    """Observations that are put together as they are asked for, and never lie in memory all at once."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: NDArray[np.integer]) -> NDArray[np.generic]: ...


@dataclass(frozen=True, eq=False)
class FactorDataset:
    """N observations with K known factors of variation.

    observations: (N, ...) uint8 in 0..255, or floats; or, where `packed`, (N, bytes) uint8, each row one binary
        observation as `np.packbits` writes it. May be a read-only memory map, or what gives rows like those of an
        array when it is indexed.
    v: (N, K) factor indices, 0..sizes[k]-1; -1 where the value of a factor is not known.
    shape: of one observation; images are (channels, height, width).
    kind: what a backbone must fit.
    likelihood: the default p(x|z).
    sha256: of the observations' bytes as stored, or of what they are put together from, in hex; where the factors are
        not given by formula, of both.
    weights: (N,) in what proportion training draws the rows; None: all alike. A row of weight 0 is never drawn.
    scored: the rows that scoring draws from, ascending; None: all.
    parts: rows by name, of which the reconstruction is told apart.
    sampled: the rows are some observations of many, not a whole grid of factors: those that a run is scored on are
        drawn without replacement, so that what a metric is tested on was not among what it was fitted to.
    unordered: the names of the factors whose values have no order.
    cyclic: by name of a factor whose values go round (an angle), after how much they repeat, in units of v or, of a
        continuous one, of its true values.
    numbers: by name of a continuous factor its true values (N,), nan where not known; v holds the bins they are in.
    binned: the word of a protocol for those bins: `vwidth20` of equal width, `vquantile20` of equal numbers of rows;
        empty without a continuous factor.
    notes: what was decided of the file that they were read from, and might have been meant otherwise; a line each.
    """

    observations: NDArray[np.generic] | Rows
    v: NDArray[np.integer]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    shape: tuple[int, ...]
    sha256: str
    packed: bool = False
    kind: Kind = "image"
    likelihood: str = "bernoulli"
    weights: NDArray[np.float64] | None = None
    scored: Index | None = None
    parts: Mapping[str, Index] = field(default_factory=dict)
    sampled: bool = False
    unordered: tuple[str, ...] = ()
    cyclic: Mapping[str, float] = field(default_factory=dict)
    numbers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    binned: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.observations)

    def drawn(self, rng: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.int64]:
        """Rows as training draws them, independently and with replacement."""
        if self.weights is None:
            return rng.integers(len(self), size=size)
        return np.searchsorted(self._cumulative, rng.random(size), side="right")

    @property
    def to_score(self) -> Index:
        """The rows that scoring draws from."""
        return np.arange(len(self)) if self.scored is None else self.scored

    @property
    def is_grid(self) -> bool:
        """Whether the rows are each combination of the factors' values once."""
        return not self.numbers and is_grid(self.v, self.sizes)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of each factor whether its values are "ordered", "unordered" or "cyclic P", P being their period; (K,)."""
        said = dict.fromkeys(self.unordered, "unordered") | {n: f"cyclic {p:g}" for n, p in self.cyclic.items()}
        return tuple(said.get(name, "ordered") for name in self.names)

    @cached_property
    def _cumulative(self) -> NDArray[np.float64]:
        """P(a draw is at most row n), (N,); the last is 1, above all that `Generator.random` gives."""
        assert self.weights is not None
        summed = np.cumsum(self.weights)
        return np.asarray(summed / summed[-1])

    @cached_property
    def complete(self) -> NDArray[np.int64]:
        """The rows to score of which every factor is known; may be empty, and is where there is no factor."""
        rows = self.to_score
        known = np.asarray((self.v >= 0).all(axis=1)) & bool(self.names)
        return np.asarray(rows[known[rows]], np.int64)

    @property
    def population(self) -> NDArray[np.int64]:
        """What evaluation rows are drawn from: the complete rows to score or, where there are none, all of those."""
        return self.complete if len(self.complete) else np.asarray(self.to_score, np.int64)

    def numbers_at(self, index: NDArray[np.integer]) -> NDArray[np.float64] | None:
        """The factors at these rows as numbers, (n, K): true values of continuous ones, indices of the others.

        None where no factor is continuous: v then says it all.
        """
        if not self.numbers:
            return None
        v: NDArray[np.float64] = self.v[index].astype(np.float64)
        for name, values in self.numbers.items():
            v[:, self.names.index(name)] = values[index]
        return v

    def x(self, index: NDArray[np.integer]) -> NDArray[np.float32]:
        """Observations at these rows, (len(index), *shape); bytes and bits scaled to [0, 1]."""
        rows: NDArray[Any] = self.observations[index]
        if self.packed:
            rows = np.unpackbits(rows, axis=1, count=math.prod(self.shape))
        x: NDArray[np.float32] = rows.reshape(-1, *self.shape).astype(np.float32)
        if rows.dtype == np.uint8 and not self.packed:
            x /= 255
        return x


def is_grid(v: NDArray[np.integer], sizes: tuple[int, ...]) -> bool:
    """Whether factor indices (N, K) are each combination once, none missing."""
    if len(v) != math.prod(sizes) or (v < 0).any():
        return False
    return len(np.unique(np.ravel_multi_index(tuple(v.T), sizes))) == len(v)
