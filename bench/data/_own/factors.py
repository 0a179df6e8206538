"""Data of one's own: from columns to factors, and from arrays to a data set whose sha256 is of all that it holds.

What a column of factors holds is read off its values, unless an argument says it:
categorical: values without an order: texts.
ordered: numbers of few different values (at most 100, and at most half as many as rows); or texts, if their order is
    stated, as in `size:small:medium:large`.
continuous: other numbers; put into bins, of which the protocols of scores tell.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset, Kind, is_grid
from bench.data._files.cache import Cached, Recipe, cached
from bench.data._own.cells import BOOLEANS, Column, Reading, read, slip
from bench.data._own.cells import notes as cells_notes
from bench.data._own.columns import check_finite, said
from bench.data._own.origin import Origin
from bench.errors import BenchError, FileNeeded
from metrics._arrays import MOST_LEVELS, in_bins

FEW_TEXTS = 20  # different ones that are taken for the values of a factor in any table
MOST_BINS = 1000
BINNINGS = ("width", "quantile")
ROLES = ("categorical", "ordered", "continuous")


@dataclass(frozen=True)
class Roles:
    """What the user says of factors: columns with commas between, by role; and how continuous ones are put into bins.

    plugin: of whose arguments these are. Everything is checked where it is used.
    """

    plugin: str
    categorical: str = ""
    ordered: str = ""
    continuous: str = ""
    bins: int = 20
    binning: str = "width"

    def of(self, names: Sequence[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
        """The role of each name that is given one, and the order of texts that is stated. BenchError for others."""
        if not 2 <= self.bins <= MOST_BINS:
            raise BenchError(f"{self.plugin}.bins={self.bins}: expected from 2 to {MOST_BINS}")
        if self.binning not in BINNINGS:
            raise BenchError(f"{self.plugin}.binning={self.binning}: expected {' or '.join(BINNINGS)}")
        roles: dict[str, str] = {}
        orders: dict[str, list[str]] = {}
        for role in ROLES:
            for word in words(getattr(self, role)):
                name, *order = word.split(":") if role == "ordered" and word not in names else [word]
                known(f"{self.plugin}.{role}", name, names)
                if name in roles:
                    raise BenchError(f"{self.plugin}.{role}: {name!r} is named as {roles[name]} too")
                roles[name] = role
                if order:
                    orders[name] = order
        return roles, orders

    def refuse(self, why: str) -> None:
        """BenchError where a role is given all the same."""
        for role in ROLES:
            refuse(self.plugin, role, getattr(self, role), why)


@dataclass(frozen=True)
class Factors:
    """As FactorDataset has them: v (N, K), -1 where a value is missing; see there for the others."""

    v: NDArray[np.int32]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    unordered: tuple[str, ...] = ()
    numbers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    binned: str = ""
    notes: tuple[str, ...] = ()

    @property
    def sampled(self) -> bool:
        """Whether they are anything else than each combination of values once."""
        return bool(self.binned) or not is_grid(self.v, self.sizes)


def refuse(plugin: str, argument: str, given: str, why: str) -> None:
    """BenchError where an argument is given all the same."""
    if given:
        raise BenchError(f"{plugin}.{argument}={given}: {why}")


def words(given: str) -> list[str]:
    """The parts of a comma-separated list."""
    return [word.strip() for word in given.split(",") if word.strip()]


def known(argument: str, name: str, names: Sequence[str]) -> None:
    """BenchError unless the name is one of these."""
    if name not in names:
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        raise BenchError(f"{argument}: no column {name!r}: choose from {shown}")


def chosen(argument: str, given: str, names: Sequence[str]) -> list[str]:
    """The names given, or all of them where none is. BenchError for others, and for one twice."""
    several = words(given)
    for k, name in enumerate(several):
        known(argument, name, names)
        if name in several[:k]:
            raise BenchError(f"{argument}={given}: {name!r} is there twice")
    return several or list(names)


def needed(plugin: str, what: str) -> FileNeeded:
    """The error where no source was given."""
    return FileNeeded(f"{plugin} reads data of yours: --set {plugin}.source={what}")


def factors_of(origin: Origin, columns: Mapping[str, Column], roles: Roles) -> Factors:
    """The factors that these columns, as they stand, hold. BenchError names the column, and the row if it is one's."""
    if not columns:
        raise origin.wrong("has no column of factors")
    given, orders = roles.of(list(columns))
    v, sizes, unordered, notes, numbers = [], [], [], [], {}
    for name, cells in columns.items():
        order = orders.get(name, [])
        found = read(cells, words=given.get(name) == "categorical" or bool(order))
        if found.texts and given.get(name) != "categorical" and not order:
            _check_slip(origin, name, found, roles.plugin)
        role = given.get(name) or _role(origin, name, found)
        notes += cells_notes(name, found)
        if role == "continuous":
            numbers[name] = _finite(origin, name, found)
            there, size = found.there, roles.bins
            v_k = np.full(len(cells), -1)
            v_k[there] = in_bins(numbers[name][there], roles.bins, roles.binning)
            if len(np.unique(v_k[there])) < 2:
                raise origin.wrong(f"column {name!r} falls into one bin: expected binning=width, or other values")
        else:
            v_k, size = _indices(origin, name, found, role, order)
            if role == "categorical" and size > 2:
                unordered.append(name)
        v.append(v_k)
        sizes.append(size)
    word = f"v{roles.binning}{roles.bins}" if numbers else ""
    indices = np.stack(v, axis=1).astype(np.int32)
    return Factors(indices, tuple(columns), tuple(sizes), tuple(unordered), numbers, word, tuple(notes))


def kept(
    plugin: str, of: object, path: Path, shape: tuple[int, int], blocks: Callable[[], Iterable[NDArray[Any]]]
) -> Cached:
    """The rows (N, bytes) that are read from a file of the user's, from the cache where they were read before.

    of: all that they are made of.
    """
    name = f"{plugin}-{hashlib.sha256(repr(of).encode()).hexdigest()[:16]}"
    return cached(Recipe(name, f"Reading {path}, once", shape, blocks))


def dataset(
    factors: Factors, rows: Cached, x: NDArray[np.generic], shape: tuple[int, ...], kind: Kind, likelihood: str
) -> FactorDataset:
    """The data set of observations x as they lie in `rows`; its sha256 is of them and of the factors."""
    said = {"x": rows.sha256, "names": factors.names, "sizes": factors.sizes, "unordered": factors.unordered}
    digest = hashlib.sha256(json.dumps(said | {"shape": shape, "binned": factors.binned}).encode())
    digest.update(np.ascontiguousarray(factors.v, "<i4").data)
    for values in factors.numbers.values():
        digest.update(np.ascontiguousarray(values, "<f8").data)
    return FactorDataset(
        observations=x,
        shape=shape,
        sha256=digest.hexdigest(),
        kind=kind,
        likelihood=likelihood,
        sampled=factors.sampled,
        **vars(factors),
    )


def scale_of(
    origin: Origin, names: Sequence[str], blocks: Iterable[NDArray[Any]], standardise: bool, noise: float
) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """What brings x (..., C) to mean 0 and variance 1 over these blocks (n, C) if asked, and to units of the noise.

    BenchError for a channel that never varies.
    """
    if not standardise:
        return lambda x: np.asarray(x / noise, np.float32)
    from sklearn.preprocessing import StandardScaler  # slow to import

    scaler = StandardScaler()
    for block in blocks:
        scaler.partial_fit(np.asarray(block, np.float64))
    if (flat := scaler.scale_ != np.sqrt(scaler.var_)).any():
        at = int(flat.argmax())
        raise origin.wrong(
            f"{names[at]} is {scaler.mean_[at]:g} in all rows: expected numbers that vary, or leave it out"
        )
    return lambda x: np.asarray((x - scaler.mean_) / (noise * scaler.scale_), np.float32)


def check_noise(plugin: str, noise: float) -> None:
    """BenchError unless the noise is a finite number above 0."""
    if not (np.isfinite(noise) and noise > 0):
        raise BenchError(f"{plugin}.noise={noise}: expected a finite number above 0")


def _check_slip(origin: Origin, name: str, found: Reading, plugin: str) -> None:
    """BenchError where texts are numbers but for a slip, or numbers as other programs write them."""
    at = slip(found.values)
    if at is not None:
        raise origin.wrong(
            f"column {name!r}, {origin.row(at)} {said(found.values[at])}: expected a finite number, or an empty cell "
            f"where it is missing; {plugin}.categorical={name} takes all as words"
        )


def _role(origin: Origin, name: str, found: Reading) -> str:
    """What a column holds, by its values."""
    if found.texts:
        there = found.values[found.there]
        different = len(set(there))
        if different > FEW_TEXTS and different > len(there) / 2:
            raise origin.wrong(
                f"column {name!r} has {different} different texts in {len(there)} rows: no factor; name those that are"
            )
        return "categorical"
    values = np.unique(_finite(origin, name, found)[found.there])
    return "continuous" if len(values) > min(MOST_LEVELS, len(found.values) / 2) and not found.boolean else "ordered"


def _finite(origin: Origin, name: str, found: Reading) -> NDArray[np.float64]:
    """The numbers of a column, nan where one is missing. BenchError for a text, and where a number is infinite."""
    if found.texts or np.isinf(found.values).any():
        check_finite(origin, name, np.where(found.there, found.values, 0.0 if not found.texts else "0"))
    if len(np.unique(found.values[found.there])) < 2:
        raise _constant(origin, name, found.values[found.there])
    return found.values


def _indices(origin: Origin, name: str, found: Reading, role: str, order: list[str]) -> tuple[NDArray[np.int64], int]:
    """For each row the index of its value, -1 where that is missing, and how many values there are."""
    if found.texts and role == "ordered" and not order:
        raise origin.wrong(f"column {name!r} holds texts: state their order, such as ordered={name}:small:medium:large")
    held, there = found.values if found.texts else _finite(origin, name, found), found.there
    values, index_there = np.unique(held[there], return_inverse=True)
    if len(values) < 2:
        raise _constant(origin, name, values)
    index = np.full(len(held), -1, np.int64)
    index[there] = index_there
    if order:
        stated = [str(value) if found.texts else f"{value:g}" for value in values]
        if found.boolean:
            order = [f"{BOOLEANS[word.casefold()]:g}" if word.casefold() in BOOLEANS else word for word in order]
        for k, value in enumerate(stated):
            if value not in order:
                row = origin.row(int((index == k).argmax()))
                raise origin.wrong(f"column {name!r}, {row} is {value!r}, which its order {':'.join(order)} leaves out")
        if len(order) > len(values):
            raise origin.wrong(
                f"column {name!r} has {len(values)} values, its order {':'.join(order)} has {len(order)}"
            )
        index[there] = np.array([order.index(value) for value in stated])[index_there]
    return index, len(values)


def _constant(origin: Origin, name: str, values: Column) -> BenchError:
    found = f"has one value, {values[0]!s}," if len(values) else "has no value"
    return origin.wrong(f"column {name!r} {found} in all rows: expected a factor with two or more, or leave it out")
