"""table: features and factors of one's own, from a .csv, .tsv or .parquet file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data import _columns, _own
from bench.data._base import FactorDataset
from bench.data._cache import Recipe, cached
from bench.data._columns import Origin
from bench.data._original import digest
from bench.errors import BenchError

__all__ = ["table"]

SOURCE = "FILE.csv, with a header; or .tsv or .parquet"


def table(
    *,
    source: Path | None = None,
    factors: str = "",
    features: str = "",
    leave_out: str = "",
    categorical: str = "",
    ordered: str = "",
    continuous: str = "",
    bins: int = 20,
    binning: str = "width",
    standardise: bool = True,
    noise: float = 0.1,
    name: str = "",
) -> FactorDataset:
    """Rows of a table of yours: features (F,), float32, and factors, for a Gaussian likelihood.

    source: a .csv, .tsv or .parquet file with a header, whose cells are numbers in every feature.
    factors: their columns, with commas between; to be named. features: theirs; by default all others but those that
        `leave_out` names.
    categorical, ordered, continuous: of factors whose values do not show it (bench.data._own). bins, binning: how
        continuous ones are put into bins, of equal `width` or by `quantile`.
    standardise: each feature is brought to mean 0 and variance 1. noise: the standard deviation of what is noise in
        it; features are stated in units of that, so that the likelihood, of variance 1, fits.
    name: of this table, to tell it from others.

    The features are read once, into the cache directory. Raises BenchError for what is wrong with the file.
    """
    if source is None:
        raise _own.needed("table", SOURCE)
    _own.check_noise("table", noise)
    header, origin = _columns.header(source), Origin(source)
    if not _own.words(factors):
        raise BenchError(f"table.factors: expected the columns of {source} that are factors, such as {header[-1]}")
    v_names = _own.chosen("table.factors", factors, header)
    out = _own.chosen("table.leave_out", leave_out, header) if leave_out else []
    x_names = _own.chosen("table.features", features, [n for n in header if n not in (*v_names, *out)])
    if both := [n for n in x_names if n in v_names]:
        raise BenchError(f"table.features: {both[0]!r} is a factor")
    if not x_names:
        raise BenchError(f"table.features: no column of {source} is left for them")
    roles = _own.Roles("table", categorical, ordered, continuous, bins, binning)
    found = _own.factors_of(origin, _columns.columns(source, v_names), roles)
    said = f"{digest(source, 'sha256')} {x_names} {standardise} {noise}"

    def blocks() -> Iterator[NDArray[np.uint8]]:
        titles = [f"column {name!r}" for name in x_names]
        scale = _own.scale_of(origin, titles, _columns.numbers(source, x_names), standardise, noise)
        for x in _columns.numbers(source, x_names):
            yield scale(x).view(np.uint8)

    recipe = Recipe(
        name=f"table-{hashlib.sha256(said.encode()).hexdigest()[:16]}",
        title=f"Reading {source}, once",
        shape=(len(found.v), 4 * len(x_names)),
        blocks=blocks,
    )
    rows = cached(recipe)
    return _own.dataset(found, rows, rows.rows.view("<f4"), (len(x_names),), "vector", "gaussian")
