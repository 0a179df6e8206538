"""Columns of .csv, .tsv and .parquet files by name: numbers, or text as it stands. Files are read in blocks of rows.

A cell that is empty, or NA, NaN or nan, is missing: nan among numbers, "" among texts.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError

Column = NDArray[Any]  # (N,) float64, or objects, each a str

DELIMITERS = {".csv": ",", ".tsv": "\t"}
PARQUET = ".parquet"
MISSING = ("", "NA", "NaN", "nan")
BLOCK = 8192  # rows read at a time


@dataclass(frozen=True)
class Origin:
    """The file that a mistake is in, and the number of its first row: 1 of a table after its header, 0 of an array."""

    path: Path
    first: int = 1

    def wrong(self, what: str) -> BenchError:
        """The error that says what is wrong with the file."""
        return BenchError(f"source: {self.path}: {what}")

    def row(self, at: int) -> str:
        """The row at this place, in words."""
        return f"row {at + self.first}" + ("" if self.first else " (the first is 0)")

    def check_names(self, names: Sequence[str], what: str = "column") -> tuple[str, ...]:
        """The names. BenchError where there is none, one is empty, or two are the same."""
        if not names:
            raise self.wrong(f"has no {what}s")
        for k, name in enumerate(names):
            if not name:
                raise self.wrong(f"{what} {k + 1} has no name (pandas writes such an index: index=False leaves it out)")
            if name in names[:k]:
                raise self.wrong(f"{what}s {names.index(name) + 1} and {k + 1} are both named {name!r}")
        return tuple(names)

    def check_finite(self, name: str, column: Column, start: int = 0) -> None:
        """BenchError where a cell of it is missing or no finite number; `start` rows come before its first."""
        texts = column.dtype == object
        wrong = np.array([not is_number(cell) for cell in column]) if texts else ~finite(column)
        if not wrong.any():
            return
        at = int(wrong.argmax())
        cell = column[at] if texts else float(column[at])
        found = "is missing" if cell == "" or cell != cell else f"is {cell!r}"
        raise self.wrong(f"column {name!r}, {self.row(start + at)} {found}: expected a finite number (float32)")


def header(path: Path) -> tuple[str, ...]:
    """The names of the file's columns. BenchError where it cannot be read, or two have one name or one has none."""
    if path.suffix not in (*DELIMITERS, PARQUET):
        raise BenchError(f"source: {path}: expected a name that ends in {', '.join(DELIMITERS)} or {PARQUET}")
    if not path.is_file():
        raise BenchError(f"source: {path} is not a file" if path.exists() else f"source: no file {path}")
    names = _parquet_names(path) if path.suffix == PARQUET else next(_lines(path), [])
    if len(names) == 1 and ";" in names[0]:
        raise Origin(path).wrong("has semicolons between cells: expected commas, or tabs in a .tsv file")
    return Origin(path).check_names(names)


def columns(path: Path, names: Sequence[str]) -> dict[str, Column]:
    """These columns, whole and as they stand; `parsed` reads them.

    BenchError where the file is damaged, or a row is longer or shorter than its header.
    """
    blocks = list(_blocks(path, names))
    if not blocks:
        raise BenchError(f"source: {path}: has a header and no rows")
    return {name: np.concatenate(parts) for name, parts in zip(names, zip(*blocks, strict=True), strict=True)}


def numbers(path: Path, names: Sequence[str]) -> Iterator[NDArray[np.float64]]:
    """These columns in blocks (n, columns). BenchError names the first cell that is missing or no finite number."""
    start = 0
    for block in _blocks(path, names):
        read = [parsed(part) for part in block]
        for name, column in zip(names, read, strict=True):
            Origin(path).check_finite(name, column, start)
        yield np.stack(read, axis=1)
        start += len(read[0])


def parsed(cells: Column) -> Column:
    """Numbers where all cells that are not missing are numbers, else texts."""
    try:
        return cells.astype(np.float64)
    except (TypeError, ValueError):
        held = ["" if cell is None or str(cell).strip() in MISSING else cell for cell in cells]
    try:
        return np.array([np.nan if cell == "" else float(cell) for cell in held])
    except ValueError:
        return np.array([str(cell).strip() for cell in held], object)


def finite(x: NDArray[Any]) -> NDArray[np.bool_]:
    """Where numbers are finite as float32 too."""
    with np.errstate(over="ignore"):
        return np.isfinite(x.astype(np.float32))


def is_number(cell: str) -> bool:
    """Whether a text is a finite number."""
    try:
        return bool(finite(np.array(float(cell))))
    except ValueError:
        return False


def _blocks(path: Path, names: Sequence[str]) -> Iterator[list[Column]]:
    """Cells of these columns as objects, some rows at a time."""
    yield from (_parquet_blocks if path.suffix == PARQUET else _csv_blocks)(path, names)


def _csv_blocks(path: Path, names: Sequence[str]) -> Iterator[list[Column]]:
    lines = _lines(path)
    known = next(lines)
    wanted = [known.index(name) for name in names]
    held: list[list[str]] = []
    for row, cells in enumerate(lines, start=1):
        if len(cells) != len(known):
            raise BenchError(f"source: {path}: row {row} has {len(cells)} cells, the header has {len(known)}")
        held.append([cells[k] for k in wanted])
        if len(held) == BLOCK:
            yield list(np.array(held, object).T)
            held = []
    if held:
        yield list(np.array(held, object).T)


def _lines(path: Path) -> Iterator[list[str]]:
    """The file's lines that are not empty, as cells; whatever is wrong with the file becomes a BenchError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=DELIMITERS[path.suffix], strict=True)
            yield from ([cell.strip() for cell in cells] for cells in reader if cells)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BenchError(f"source: {path} cannot be read as {path.suffix} in UTF-8: {error}") from None


def _parquet(path: Path) -> Any:
    try:
        from pyarrow import ArrowException, parquet  # slow to import, and few data sets need it
    except ImportError:
        raise BenchError(f"source: {path} needs pyarrow: pip install 'disentanglement-bench[parquet]'") from None
    try:
        return parquet.ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise BenchError(f"source: {path} cannot be read as {PARQUET}: {' '.join(str(error).split())}") from None


def _parquet_names(path: Path) -> list[str]:
    with _parquet(path) as file:
        return list(file.schema_arrow.names)


def _parquet_blocks(path: Path, names: Sequence[str]) -> Iterator[list[Column]]:
    from pyarrow import ArrowException, types  # slow to import, and few data sets need it

    plain = (types.is_integer, types.is_floating, types.is_boolean, types.is_string, types.is_large_string)
    with _parquet(path) as file:
        for name in names:
            kind = file.schema_arrow.field(name).type
            kind = kind.value_type if types.is_dictionary(kind) else kind
            if not any(is_of(kind) for is_of in plain):
                raise BenchError(f"source: {path}: column {name!r} is of {kind}: expected numbers, text or booleans")
        try:
            for batch in file.iter_batches(BLOCK, columns=list(names)):
                yield [np.array(batch.column(name).to_pylist(), object) for name in names]
        except (ArrowException, OSError) as error:
            raise BenchError(f"source: {path} is damaged: {' '.join(str(error).split())}") from None
