"""npz: images, features or sequences of one's own and their factors, as arrays of an .npz file."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from bench.data._base import FactorDataset, Kind
from bench.data._files import read
from bench.data._files.original import digest
from bench.data._own import factors as own
from bench.data._own import squared
from bench.data._own.arrays import Observations
from bench.data._own.factors import Factors, Roles
from bench.data._own.origin import Origin
from bench.errors import BenchError

__all__ = ["npz"]

SOURCE = "FILE.npz, with arrays x and v"
BINNED = r"v(width|quantile)[1-9]\d*"
LIKELIHOODS = ("bernoulli", "gaussian", "categorical")


def npz(
    *,
    source: Path | None = None,
    x: str = "x",
    v: str = "v",
    factors: str = "",
    kind: str = "",
    size: int = 0,
    fit: str | None = None,
    categorical: str = "",
    ordered: str = "",
    continuous: str = "",
    bins: int = 20,
    binning: str = "width",
    standardise: bool = False,
    noise: float = 1.0,
    name: str = "",
) -> FactorDataset:
    """Observations and factors from an .npz file of yours, or from one that `bench data export` wrote.

    source: the file; no pickle in it is ever loaded.
    x: the array of observations. Images (N, H, W), (N, C, H, W) or (N, H, W, C) of 1 or 3 channels, uint8 or floats
        from 0 to 1; features (N, F); sequences (N, C, L). Bytes of nothing but 0 and 1 are
        black and white.
    v: that of factors, (N, K) numbers or texts, nan or "" where one is missing. `names` (K,) are theirs, else they are
        factor1, factor2, ... Where there is `sizes` (K,), v holds indices of values, -1 where one is missing.
    factors: which of them to take, with commas between; by default all.
    kind: image, vector or sequence, where the shape does not say it.
    size: 32 or 64, to which square images are resampled (Lanczos); by default they are taken as they are.
    fit: how images of any two sides are made square: `crop`, `resize` or `pad` (bench.data._own.squared).
    categorical, ordered, continuous: of factors whose values do not show it (bench.data._own.factors). bins, binning:
        how continuous ones are put into bins, of equal `width` or by `quantile`.
    standardise: each feature, or channel of a sequence, is brought to mean 0 and variance 1. noise: the standard
        deviation of what is noise in it; observations are stated in units of that.
    name: of this file, to tell it from others.

    x is read once, into the cache directory. Raises BenchError for what is wrong with the file.
    """
    if source is None:
        raise own.needed("npz", SOURCE)
    said_kind, likelihood = _said(source)
    held = Observations(Origin(source, first=0), x, kind or said_kind, likelihood, size, fit or "", standardise, noise)
    _check(held)
    found = _factors(held.origin, v, factors, Roles("npz", categorical, ordered, continuous, bins, binning))
    n = held.layout.shape[0]
    if len(found.v) != n:
        raise held.origin.wrong(f"array {x!r} has {n} rows, {v!r} has {len(found.v)}")
    of = digest(source, "sha256"), x, held.form, held.held_by, size, standardise, noise, *([fit] if fit else [])
    rows = own.kept("npz", of, source, (n, math.prod(held.shape) * held.stored.itemsize), held.blocks)
    return own.dataset(found, rows, rows.rows.view(held.stored), held.shape, held.form.kind, held.held_by)


def _said(source: Path) -> tuple[str, str]:
    """What the file says of kind and likelihood, "" where it says nothing. BenchError where it is none."""
    if not source.is_file():
        raise BenchError(f"source: {source} is not a file" if source.exists() else f"source: no file {source}")
    origin, keys = Origin(source, first=0), read.npz_keys(source)
    kind, likelihood = (",".join(_words(origin, key, keys)) for key in ("kind", "likelihood"))
    for key, word, known in (("kind", kind, get_args(Kind)), ("likelihood", likelihood, LIKELIHOODS)):
        if word not in ("", *known):
            raise origin.wrong(f"array {key!r} is {word!r}: expected one of {', '.join(known)}")
    return kind, likelihood


def _check(held: Observations) -> None:
    """BenchError for arguments out of range, or that do not fit the observations."""
    squared.check("npz", held.size, held.fit)
    own.check_noise("npz", held.noise)
    if held.kind not in ("", *get_args(Kind)):
        raise BenchError(f"npz.kind={held.kind}: expected {', '.join(get_args(Kind))}, or nothing to go by the shape")
    image = held.form.kind == "image"
    if image and (held.standardise or held.noise != 1):
        raise BenchError(f"npz.standardise, npz.noise: for features and sequences, and {held.key!r} holds images")
    for argument, given in {"size": held.size, "fit": held.fit}.items():
        if given and not image:
            raise BenchError(f"npz.{argument}={given}: for images, and {held.key!r} holds {held.form.kind}s")


def _factors(origin: Origin, key: str, factors: str, roles: Roles) -> Factors:
    """The factors in array `key`, those named of them. BenchError names the column, and the row if it is one's."""
    path = origin.path
    keys = read.npz_keys(path)
    v = read.npz_array(path, key)
    v = v[:, None] if v.ndim == 1 else v
    if v.ndim != 2 or not all(v.shape) or v.dtype.kind not in "biufU":
        raise origin.wrong(f"array {key!r} is {v.dtype} of shape {v.shape}: expected numbers or texts, (N, K)")
    names = _words(origin, "names", keys) or [f"factor{k + 1}" for k in range(v.shape[1])]
    if len(names) != v.shape[1]:
        raise origin.wrong(f"array 'names' has {len(names)} names, {key!r} has {v.shape[1]} columns")
    taken = own.chosen("npz.factors", factors, origin.check_names(names, "name"))
    columns = [names.index(name) for name in taken]
    if "sizes" not in keys:
        return own.factors_of(origin, {names[k]: v[:, k].astype(object) for k in columns}, roles)
    roles.refuse("the file's sizes say that its factors are indices of values")
    sizes = read.npz_array(path, "sizes")
    if sizes.shape != (len(names),) or sizes.dtype.kind not in "iu" or v.dtype.kind not in "iu":
        raise origin.wrong(
            f"array 'sizes' is {sizes.dtype} of shape {sizes.shape}: expected a size of each factor in v"
        )
    for k in columns:
        bad = (v[:, k].astype(np.int64) < -1) | (v[:, k] >= sizes[k])
        if bad.any():
            row = int(bad.argmax())
            raise origin.wrong(f"column {names[k]!r}, {origin.row(row)} is {v[row, k]}: expected -1 to {sizes[k] - 1}")
        if len(np.unique(v[:, k][v[:, k] != -1])) < 2:
            raise origin.wrong(f"column {names[k]!r} has fewer than two values: leave it out by npz.factors")
    return Factors(
        v[:, columns].astype(np.int32),
        tuple(taken),
        tuple(int(sizes[k]) for k in columns),
        **_stated(origin, keys, taken, len(v)),
    )


def _words(origin: Origin, key: str, keys: Sequence[str]) -> list[str]:
    """The texts in array `key`; none where there is no such array."""
    held = np.atleast_1d(read.npz_array(origin.path, key)) if key in keys else np.array([], str)
    if held.dtype.kind != "U" or held.ndim != 1:
        raise origin.wrong(f"array {key!r} is {held.dtype} of shape {held.shape}: expected texts")
    return [str(word) for word in held]


def _stated(origin: Origin, keys: Sequence[str], taken: Sequence[str], n: int) -> dict[str, Any]:
    """What an export says beside the indices of its factors, of those taken."""
    unordered, continuous, binned = (_words(origin, key, keys) for key in ("unordered", "continuous", "binned"))
    if not continuous:
        return {"unordered": tuple(name for name in taken if name in unordered)}
    numbers = read.npz_array(origin.path, "numbers")
    if numbers.shape != (n, len(continuous)) or numbers.dtype.kind != "f":
        raise origin.wrong(f"array 'numbers' has shape {numbers.shape}: expected ({n}, {len(continuous)}), floats")
    if len(binned) != 1 or not re.fullmatch(BINNED, binned[0]):
        raise origin.wrong(f"array 'binned' is {', '.join(binned) or 'missing'}: expected a word such as vwidth20")
    values = {name: numbers[:, m].astype(np.float64) for m, name in enumerate(continuous) if name in taken}
    return {
        "unordered": tuple(name for name in taken if name in unordered),
        "numbers": {name: values[name] for name in taken if name in values},
        "binned": binned[0] if values else "",
    }
