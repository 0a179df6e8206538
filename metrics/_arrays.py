"""From what people have (arrays, tensors, data frames, lists) to codes and factor indices."""

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metrics._checks import real
from metrics._codes import Floats, Ints, MetricError
from metrics._information import discretise

Column = tuple[str, NDArray[Any]]
MOST_LEVELS = 100  # a column of numbers with a fraction and more values than this is continuous


class Factors(NamedTuple):
    """Indices v (N, K), the names of the factors, and which of them were continuous and are now in bins.

    kinds: as `Codes` has them; empty where all are ordered.
    """

    v: Ints
    names: tuple[str, ...]
    binned: tuple[str, ...]
    kinds: tuple[str, ...] = ()


def paired(
    z: Any, v: Any, bins: int = 20, binning: str = "width", names: Sequence[str] | None = None
) -> tuple[Floats, Factors]:
    """Codes (N, D) and the factors that made them, as `codes_of` and `factors_of` read them.

    Raises MetricError where they do, and where z and v have different numbers of rows.
    """
    codes, factors = codes_of(z), factors_of(v, bins, binning, names)
    if len(codes) != len(factors.v):
        raise MetricError(f"z has {len(codes)} rows and v has {len(factors.v)}: row n of both must be one observation")
    return codes, factors


def codes_of(z: Any) -> Floats:
    """z (N, D) as finite real numbers. Raises MetricError that names the column."""
    for name, column in _columns("z", z):
        if column.dtype.kind not in "fiub":
            raise MetricError(f"z column {name} has dtype {column.dtype}, expected real numbers")
    return real("z", np.column_stack([column for _, column in _columns("z", z)]))


def factors_of(v: Any, bins: int = 20, binning: str = "width", names: Sequence[str] | None = None) -> Factors:
    """v (N, K) as indices: of each column its own kind decides.

    - Integers from 0, none above the number of rows: indices already, kept as they are.
    - Other integers, bools and strings: numbered in sorted order. pandas' categories keep theirs.
    - Floats of few values (at most 100, and at most half as many as rows): numbered in sorted order.
    - Other floats are continuous: put into `bins` bins of equal width over their range or, with `binning` "quantile",
      of equal numbers of rows.
    - An object column is of strings, bools, integers or floats if all of its values are.

    Strings have no order, nor have pandas' categories unless they say so; all else has.

    names: of the columns; by default a data frame's own, or their numbers. Raises MetricError that names the column.
    """
    columns = [(name, _of_one_type(name, c) if c.dtype.kind == "O" else c) for name, c in _columns("v", v)]
    if names is not None:
        if len(names) != len(columns):
            raise MetricError(f"names has {len(names)} entries ({', '.join(names)}), v has {len(columns)} columns")
        columns = [(str(name), column) for name, (_, column) in zip(names, columns, strict=True)]
    if binning not in ("width", "quantile"):
        raise MetricError(f"binning is {binning!r}, expected width or quantile")
    continuous = [_continuous(name, column) for name, column in columns]
    binned = tuple(name for (name, _), split in zip(columns, continuous, strict=True) if split)
    rows = len(columns[0][1])
    if binned and not 2 <= bins <= rows:
        raise MetricError(f"continuous_bins is {bins}, expected 2 to {rows}, the rows of v column {binned[0]}")
    indices = [
        in_bins(column, bins, binning) if split else _numbered(name, column)
        for (name, column), split in zip(columns, continuous, strict=True)
    ]
    named = _unordered_categories(v)
    kinds = tuple("unordered" if c.dtype.kind in "US" or k in named else "ordered" for k, (_, c) in enumerate(columns))
    known = kinds if "unordered" in kinds else ()
    return Factors(np.stack(indices, axis=1), tuple(name for name, _ in columns), binned, known)


def _columns(what: str, given: Any) -> list[Column]:
    """The columns of a table by name. Neither pandas nor torch is imported: what is theirs cannot come without them."""
    pandas, torch = sys.modules.get("pandas"), sys.modules.get("torch")
    if pandas is not None and isinstance(given, pandas.DataFrame):
        columns = [(str(name), _of_series(given.iloc[:, k])) for k, name in enumerate(given.columns)]
        if not columns or not len(given):
            raise MetricError(f"{what} has shape {given.shape}, expected (rows, columns) with at least one of each")
        return columns
    if torch is not None and isinstance(given, torch.Tensor):
        given = given.detach().cpu()
    try:
        table = np.asarray(given)
        if table.dtype.kind in "US" and not isinstance(given, np.ndarray):
            table = np.asarray(given, dtype=object)  # a list of rows, whose numbers stay numbers
    except (ValueError, TypeError, RuntimeError) as error:
        raise MetricError(f"{what} cannot be read as a table of rows and columns: {error}") from None
    if table.ndim != 2 or 0 in table.shape:
        raise MetricError(f"{what} has shape {table.shape}, expected (rows, columns) with at least one of each")
    return [(str(k), column) for k, column in enumerate(table.T)]


def _unordered_categories(given: Any) -> set[int]:
    """Which columns of a data frame are categories without an order, by their place."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(given, pandas.DataFrame):
        return set()
    return {k for k, dtype in enumerate(given.dtypes) if str(dtype) == "category" and not dtype.ordered}


def _of_series(series: Any) -> NDArray[Any]:
    """A data frame's column; categories as their numbers, in their own order (-1 where there is none)."""
    if str(series.dtype) == "category":
        return np.asarray(series.cat.codes, dtype=np.int64)
    return np.asarray(series.to_numpy())


def _continuous(name: str, column: NDArray[Any]) -> bool:
    if column.dtype.kind != "f":
        return False
    if not np.isfinite(column).all():
        row = np.flatnonzero(~np.isfinite(column))[0]
        raise MetricError(f"v column {name} holds {column[row]} in row {row}, expected finite numbers")
    return len(np.unique(column)) > min(MOST_LEVELS, len(column) / 2)


def in_bins(column: Floats, bins: int, binning: str) -> Ints:
    """The bin of each number, from 0: `width`, of equal width over their range, or `quantile`, of equal numbers."""
    if binning == "width":
        return discretise(column[:, None].astype(np.float64), bins)[:, 0]
    inner = np.quantile(column, np.arange(1, bins) / bins)
    return np.searchsorted(inner, column, side="right")


def _numbered(name: str, column: NDArray[Any]) -> Ints:
    """Each value by its place among the sorted ones; indices stay as they are."""
    if column.dtype.kind not in "iubfUS":
        raise MetricError(f"v column {name} has dtype {column.dtype}, expected integers, bools, strings or floats")
    if column.dtype.kind in "iu" and column.min() >= 0 and column.max() <= len(column):
        return column.astype(np.int64)
    return np.asarray(np.unique(column, return_inverse=True)[1], dtype=np.int64)


def _of_one_type(name: str, column: NDArray[Any]) -> NDArray[Any]:
    """An object column as strings, bools, integers or floats, if all of its values are."""
    number = (int, float, np.integer, np.floating)
    for kinds, dtype in ((str, str), ((bool, np.bool_), bool), ((int, np.integer), np.int64), (number, np.float64)):
        if all(isinstance(value, kinds) for value in column):
            return column.astype(dtype)
    kind = str if isinstance(column[0], str) else number
    row = next(n for n, value in enumerate(column) if not isinstance(value, kind))
    raise MetricError(f"v column {name} holds {column[row]!r} in row {row}, expected strings alone, or numbers alone")
