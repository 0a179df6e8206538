import csv
import hashlib
import io
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.report.tables.csv_file import ROWS, Block, Cell, Row, blocks_of, cell_text, csv_text, write_csv

NARROW = Block({"key": "a"}, {"step": [1, 2], "term.loss": [0.1, math.inf]})
WIDE = Block({"key": 'quoted "b",\nin two lines'}, {"step": [3], "term.kl": [None], "term.a": [-1.5]})


def test_what_comes_in_blocks_is_written_as_if_all_rows_had_been_known(tmp_path: Path) -> None:
    for several in ([NARROW], [NARROW, WIDE], [WIDE, NARROW, WIDE], [NARROW, NARROW, WIDE, NARROW]):
        written = write_csv(tmp_path / "history.csv", several)
        content = (tmp_path / "history.csv").read_bytes()
        assert content.decode() == csv_text([row for block in several for row in block.rows()])
        assert written is not None
        assert (written.size, written.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert list(written.kinds) == content.decode().split("\n")[0].split(",")
    assert [p.name for p in tmp_path.iterdir()] == ["history.csv"]


def test_cells_are_quoted_as_by_pythons_csv() -> None:
    texts = ["", "a", "a,b", 'say "x"', "two\nlines", "\r", " a ", "=1,2", "\tx", "'", '"', "ä↑", "a;b"]
    values: list[Cell] = [*texts, 1, -2, 0.1, -1e-300, math.nan, -math.inf, True, False, None]
    rows: list[Row] = [{"key": "k", "name": v, "value": 0.5} for v in values]
    out = io.StringIO()
    cells = [["key", "name", "value"], *(["k", cell_text(v), "0.5"] for v in values)]
    csv.writer(out, lineterminator="\n").writerows(cells)
    assert csv_text(rows) == out.getvalue()


def test_the_types_of_a_column_are_those_of_all_blocks(tmp_path: Path) -> None:
    written = write_csv(tmp_path / "runs.csv", [NARROW, WIDE])
    assert written is not None
    assert written.kinds["term.kl"] == {type(None)}
    assert written.kinds["term.loss"] == {float}
    assert (written.kinds["key"], written.kinds["step"]) == ({str}, {int})


def test_rows_are_written_in_blocks_that_have_every_column(tmp_path: Path) -> None:
    rows: list[Row] = [{"key": str(i), "step": i} for i in range(2 * ROWS)] + [{"key": "last", "error": "x" * 200_000}]
    blocks = list(blocks_of(lambda: rows))
    assert [len(block.columns["key"]) for block in blocks] == [ROWS, ROWS, 1]
    assert {tuple(block.columns) for block in blocks} == {("key", "step", "error")}
    write_csv(tmp_path / "runs.csv", blocks)  # a cell longer than Python's csv module reads
    assert (tmp_path / "runs.csv").read_text(encoding="utf-8") == csv_text(rows)


def test_without_rows_there_is_no_file(tmp_path: Path) -> None:
    assert write_csv(tmp_path / "runs.csv", []) is None
    assert write_csv(tmp_path / "runs.csv", blocks_of(list)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_by_a_whole_one_or_not_at_all(tmp_path: Path) -> None:
    def torn() -> Iterator[Block]:
        yield from (NARROW, WIDE)
        raise OSError("no space left on device")

    write_csv(tmp_path / "runs.csv", [WIDE])
    before = (tmp_path / "runs.csv").read_bytes()
    with pytest.raises(OSError, match="no space left"):
        write_csv(tmp_path / "runs.csv", torn())
    assert [p.name for p in tmp_path.iterdir()] == ["runs.csv"]
    assert (tmp_path / "runs.csv").read_bytes() == before
