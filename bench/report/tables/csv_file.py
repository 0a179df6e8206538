"""CSV files, written as their rows come: however great a study is, they need no more memory."""

import csv
import functools
import hashlib
import io
import itertools
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO, cast

from bench.report.tables.columns import ordered
from bench.store import atomic

Cell = str | int | float | bool | None
Row = dict[str, Cell]
ROWS = 500  # of a block that is made of rows


class Block(NamedTuple):
    """Rows by column, of equal length and at least one; shared: the cells that all of them have in common."""

    shared: Row
    columns: Mapping[str, Sequence[Cell]]

    def rows(self) -> list[Row]:
        """The same, row by row."""
        several = zip(*self.columns.values(), strict=True)
        return [self.shared | dict(zip(self.columns, cells, strict=True)) for cells in several]


class Written(NamedTuple):
    """A CSV file that is written. kinds: by column, in order, the types of its values."""

    kinds: dict[str, set[type]]
    size: int
    sha256: str


def blocks_of(rows: Callable[[], Iterable[Row]]) -> Iterator[Block]:
    """What `rows` gives, in blocks that all have every column; a cell that a row does not have is absent.

    It is called twice, so that it need not keep its rows.
    """
    names = list(dict.fromkeys(name for row in rows() for name in row))
    left = iter(rows())
    while several := list(itertools.islice(left, ROWS)):
        yield Block({}, {name: [row.get(name) for row in several] for name in names})


def csv_text(rows: Iterable[Row]) -> str:
    """Rows as CSV: floats read back exactly, absent values are empty, and no text is taken for a formula."""
    out, several = io.StringIO(), list(rows)
    names = ordered({name for row in several for name in row})
    _put_head(out, names)
    for block in blocks_of(lambda: several):
        _put(out, names, block)
    return out.getvalue()


def cell_text(value: Cell) -> str:
    """One CSV cell. Text that a spreadsheet would run as a formula gets an apostrophe in front; numbers never do."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # As the Table Schema spells what is no number; Python and pandas read both.
        return repr(float(value)).replace("nan", "NaN").replace("inf", "INF")
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def write_csv(path: Path, blocks: Iterable[Block]) -> Written | None:
    """Write the rows with all columns that any of them has; without a row None, and no file.

    The file appears when it is whole.
    """
    with atomic.replacing(path) as new:
        growing = _Growing(new)
        try:
            for block in blocks:
                growing.add(block)
        finally:
            growing.close()
    if not growing.kinds:
        return None
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return Written(growing.kinds, path.stat().st_size, digest)


class _Growing:
    """A file that has the columns of the blocks so far; kinds as in `Written`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kinds: dict[str, set[type]] = {}
        self.file: TextIO | None = None

    def add(self, block: Block) -> None:
        names = {*block.shared, *block.columns}
        file = self.file if names <= self.kinds.keys() else self._widened(names)
        assert file is not None
        for name, value in block.shared.items():
            self.kinds[name].add(type(value))
        for name, values in block.columns.items():
            self.kinds[name].update(map(type, values))
        _put(file, self.kinds, block)

    def close(self) -> None:
        if self.file is not None:
            self.file.close()

    def _widened(self, names: set[str]) -> TextIO:
        """The file with further columns, of which the rows that are there have no cells."""
        before = list(self.kinds)
        self.kinds = {name: self.kinds.get(name, set()) for name in ordered(names | self.kinds.keys())}
        self.close()
        with atomic.replacing(self.path) as new, new.open("w", encoding="utf-8", newline="") as wide:
            _put_head(wide, self.kinds)
            if before:
                cells = operator.itemgetter(*(before.index(name) if name in before else -1 for name in self.kinds))
                with self.path.open(encoding="utf-8", newline="") as narrow:
                    rows = itertools.islice(csv.reader(narrow), 1, None)
                    csv.writer(wide, lineterminator="\n").writerows(cells([*row, ""]) for row in rows)
        self.file = self.path.open("a", encoding="utf-8", newline="")
        return self.file


def _put_head(file: TextIO, names: Iterable[str]) -> None:
    file.write(",".join(map(_cell, names)) + "\n")


def _put(file: TextIO, names: Iterable[str], block: Block) -> None:
    cells = [
        _cells(block.columns[name]) if name in block.columns else itertools.repeat(_cell(block.shared.get(name)))
        for name in names
    ]
    file.write("\n".join(map(",".join, zip(*cells, strict=False))) + "\n")


def _cells(values: Sequence[Cell]) -> Iterable[str]:
    """`_cell` of each, by a shorter way where all are numbers of one type."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return map(str, values)
    if kinds == {float} and all(map(math.isfinite, cast("Sequence[float]", values))):
        return map(repr, values)
    return map(_cell, values)


def _cell(value: Cell) -> str:
    return _quoted(cell_text(value)) if isinstance(value, str) else cell_text(value)


@functools.lru_cache(2**10)
def _quoted(text: str) -> str:
    """A text as Python's csv writes it between others."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(["", text])
    return out.getvalue()[1:-1]
