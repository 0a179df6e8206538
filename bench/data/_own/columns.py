"""Columns of .csv, .tsv and .parquet files by name, cells as they stand. Files are read in blocks of rows."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data._own import text
from bench.data._own.cells import Column, finite, floats, is_missing, is_number
from bench.data._own.notations import elsewhere, unlike
from bench.data._own.origin import Origin
from bench.data._own.text import DELIMITERS
from bench.errors import BenchError

PARQUET = ".parquet"
BLOCK = 8192  # rows read at a time
INDEX = re.compile(r"Unnamed: \d+(_level_\d+)?|__index_level_\d+__")  # pandas' name for an index, or for no name
ERRORS = re.compile(r"#\w+(/0)?[!?]")


def header(path: Path) -> tuple[str, ...]:
    """The names of the file's columns. BenchError where it cannot be read, or two have one name or one has none."""
    if path.suffix.lower() not in (*DELIMITERS, PARQUET):
        raise BenchError(f"source: {path}: expected a name that ends in {', '.join(DELIMITERS)} or {PARQUET}")
    if not path.is_file():
        raise BenchError(f"source: {path} is not a file" if path.exists() else f"source: no file {path}")
    return Origin(path).check_names(_parquet_names(path) if _is_parquet(path) else text.header(path))


def without_index(argument: str, path: Path, names: Sequence[str]) -> list[str]:
    """The names, none of which was asked for. BenchError where one is pandas' for an index."""
    for name in names:
        if INDEX.fullmatch(name):
            raise Origin(path).wrong(
                f"column {name!r} has pandas' name for an index or a column without a name: expected a file without "
                f"it (index=False), or {argument} to name the columns that are meant"
            )
    return list(names)


def columns(path: Path, names: Sequence[str]) -> dict[str, Column]:
    """These columns, whole and as they stand; `cells.read` reads them.

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
        found = [floats(cells) for cells in block]
        for name, column, cells in zip(names, found, block, strict=True):
            check_finite(Origin(path), name, cells if column is None else column, start)
        yield np.stack([column for column in found if column is not None], axis=1)
        start += len(block[0])


def check_finite(origin: Origin, name: str, cells: Column, start: int = 0) -> None:
    """BenchError where a cell is missing or no finite number; `start` rows come before the first."""
    right = np.array([_is_finite(cell) for cell in cells]) if cells.dtype == object else finite(cells)
    if not right.all():
        at = int(right.argmin())
        cell = cells[at] if cells.dtype == object else float(cells[at])
        row = origin.row(start + at)
        raise origin.wrong(f"column {name!r}, {row} {said(cell)}: expected a finite number (float32)")


def said(cell: Any) -> str:
    """What is the matter with a cell that is no number, as in "is '1,5', with a decimal comma"."""
    if cell is None or cell == "" or cell != cell:
        return "is missing"
    if not isinstance(cell, str):
        return f"is {cell!r}"
    if is_missing(cell):
        return f"is missing ({cell!r})"
    notation = elsewhere(cell) or unlike(cell)
    if notation:
        return f"is {cell!r}, with {notation}"
    return f"is {cell!r}" + (", an error of a spreadsheet" if ERRORS.fullmatch(cell) else "")


def _is_finite(cell: Any) -> bool:
    if isinstance(cell, str):
        return is_number(cell) and bool(finite(np.array(float(cell))))
    return cell is not None and bool(finite(np.array(float(cell))))


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == PARQUET


def _blocks(path: Path, names: Sequence[str]) -> Iterator[list[Column]]:
    """Cells of these columns as objects, some rows at a time."""
    yield from (_parquet_blocks if _is_parquet(path) else _csv_blocks)(path, names)


def _csv_blocks(path: Path, names: Sequence[str]) -> Iterator[list[Column]]:
    known = text.header(path)
    wanted = [known.index(name) for name in names]
    held: list[list[str]] = []
    for cells in text.rows(path):
        held.append([cells[k] for k in wanted])
        if len(held) == BLOCK:
            yield list(np.array(held, object).T)
            held = []
    if held:
        yield list(np.array(held, object).T)


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

    numbers = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    texts = (types.is_string, types.is_large_string, types.is_string_view)
    with _parquet(path) as file:
        for name in names:
            kind = file.schema_arrow.field(name).type
            kind = kind.value_type if types.is_dictionary(kind) else kind
            if not any(is_of(kind) for is_of in (*numbers, *texts)):
                raise BenchError(f"source: {path}: column {name!r} is of {kind}: expected numbers, text or booleans")
        try:
            for batch in file.iter_batches(BLOCK, columns=list(names)):
                yield [np.array(batch.column(name).to_pylist(), object) for name in names]
        except (ArrowException, OSError) as error:
            raise BenchError(f"source: {path} is damaged: {' '.join(str(error).split())}") from None
