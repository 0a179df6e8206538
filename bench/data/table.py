"""table: features and factors of one's own, from a .csv, .tsv or .parquet file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._files.original import digest
from bench.data._own import columns
from bench.data._own import factors as own
from bench.data._own.origin import Origin
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
    categorical, ordered, continuous: of factors whose values do not show it (bench.data._own.factors). bins, binning:
        how continuous ones are put into bins, of equal `width` or by `quantile`.
    standardise: each feature is brought to mean 0 and variance 1. noise: the standard deviation of what is noise in
        it; features are stated in units of that, so that the likelihood, of variance 1, fits.
    name: of this table, to tell it from others.

    The features are read once, into the cache directory. Raises BenchError for what is wrong with the file.
    """
    if source is None:
        raise own.needed("table", SOURCE)
    own.check_noise("table", noise)
    v_names, x_names = _chosen(source, factors, features, leave_out)
    roles = own.Roles("table", categorical, ordered, continuous, bins, binning)
    found = own.factors_of(Origin(source), columns.columns(source, v_names), roles)

    def blocks() -> Iterator[NDArray[np.uint8]]:
        titles = [f"column {name!r}" for name in x_names]
        scale = own.scale_of(Origin(source), titles, columns.numbers(source, x_names), standardise, noise)
        for x in columns.numbers(source, x_names):
            yield scale(x).view(np.uint8)

    of = digest(source, "sha256"), x_names, standardise, noise
    rows = own.kept("table", of, source, (len(found.v), 4 * len(x_names)), blocks)
    return own.dataset(found, rows, rows.rows.view("<f4"), (len(x_names),), "vector", "gaussian")


def _chosen(source: Path, factors: str, features: str, leave_out: str) -> tuple[list[str], list[str]]:
    """The columns of the factors, and those of the features. BenchError where there are none."""
    header = columns.header(source)
    if not own.words(factors):
        raise BenchError(f"table.factors: expected the columns of {source} that are factors, such as {header[-1]}")
    v_names = own.chosen("table.factors", factors, header)
    out = own.chosen("table.leave_out", leave_out, header) if leave_out else []
    x_names = own.chosen("table.features", features, [n for n in header if n not in (*v_names, *out)])
    if not own.words(features):
        columns.without_index("table.features or table.leave_out", source, x_names)
    if not x_names:
        raise BenchError(f"table.features: no column of {source} is left for them")
    return v_names, x_names
