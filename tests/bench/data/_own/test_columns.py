"""Columns of text files and of Parquet files: what is a number, what is missing, what is wrong where."""

import sys

import numpy as np
import pytest
from own import write_csv

from bench.data._own import columns as module
from bench.data._own.columns import check_finite, columns, header, numbers, without_index
from bench.data._own.origin import Origin
from bench.errors import BenchError


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet"])
def test_a_file_is_read_in_blocks(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(module, "BLOCK", 7)
    given = {"a b": np.arange(20) / 3, "c": np.arange(20) % 3, "d": [f"é{i}, ä" for i in range(20)]}
    path = tmp_path / f"t{ending}"
    if ending == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table(given), path)
    else:
        write_csv(path, given, module.DELIMITERS[ending])
    assert header(path) == tuple(given)
    blocks = list(numbers(path, ["c", "a b"]))
    assert [len(block) for block in blocks] == [7, 7, 6]
    np.testing.assert_array_equal(np.concatenate(blocks), np.column_stack([given["c"], given["a b"]]))
    held = columns(path, ["d", "c"])
    assert held["d"].tolist() == given["d"]
    np.testing.assert_array_equal(held["c"].astype(float), given["c"])


def test_a_byte_order_mark_quotes_and_empty_lines(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes('\ufeffa,b\r\n\r\n" x, y ",1\r\n'.encode())
    assert header(path) == ("a", "b")
    assert columns(path, ["a"])["a"].tolist() == ["x, y"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no columns"),
        (b"a,b,a\n1,2,3\n", "columns 1 and 3 are both named 'a'"),
        (b"a,,c\n1,2,3\n", "column 2 has no name (so pandas writes an index, which index=False leaves out, and R"),
        (b"a;b\n1;2\n", "has semicolons between cells: expected commas, or tabs in a .tsv file"),
        (b"a,b\n", "has a header and no rows"),
        (b"a,b\n1,2\n3\n", "row 2 has 1 cells, the header has 2"),
        (b"a,b\n1,2,3\n", "row 1 has 3 cells, the header has 2"),
        (b"a,b\n1,\xff\n", "cannot be read as .csv in UTF-8: 'utf-8' codec"),
        (b'a,b\n1,"2"x\n', "line 2 cannot be read as .csv: "),
        (b"a,b\n1,2\nx,2\n", "column 'a', row 2 is 'x': expected a finite number"),
        (b"a,b\n1,2\n1,inf\n", "column 'b', row 2 is inf: expected a finite number"),
        (b"a,b\n1,2\n1,1e39\n", "column 'b', row 2 is 1e+39: expected a finite number (float32)"),
        (b"a,b\n1,2\n,2\n", "column 'a', row 2 is missing: expected a finite number"),
        (b"a,b\nx,2\n,2\n", "column 'a', row 1 is 'x': expected a finite number"),
        (b"a,b\n1,2\nn/a,2\n", "column 'a', row 2 is missing ('n/a'): expected a finite number"),
        (b"a,b\n1,2\n1.O,2\n", "column 'a', row 2 is '1.O', with letters among its digits: expected a finite number"),
        (b'a,b\n1,2\n1,"1,5"\n', "column 'b', row 2 is '1,5', with a decimal comma: expected a finite number"),
        (b"a,b\n1,2\n1_0,2\n", "column 'a', row 2 is '1_0', with underscores: expected a finite number"),
        (b"a,b\n1,2\n#DIV/0!,2\n", "column 'a', row 2 is '#DIV/0!', an error of a spreadsheet: expected a finite"),
        (b"a,b\n1,2\nTrue,2\n", "column 'a', row 2 is 'True': expected a finite number"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(BenchError) as caught:
        header(path), columns(path, ["a"]), list(numbers(path, ["a", "b"]))
    assert str(caught.value).startswith(f"source: {path}")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_row_is_counted_over_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 2)
    path = write_csv(tmp_path / "t.csv", {"a": [1, 2, 3, 4, "x"]})
    with pytest.raises(BenchError, match="column 'a', row 5 is 'x'"):
        list(numbers(path, ["a"]))


def test_rows_of_arrays_are_counted_from_0(tmp_path):
    with pytest.raises(BenchError, match=r"column 'a', row 1 \(the first is 0\) is inf"):
        check_finite(Origin(tmp_path / "x.npz", first=0), "a", np.array([0, np.inf]))


@pytest.mark.parametrize("name", ["Unnamed: 0", "Unnamed: 12", "Unnamed: 0_level_1", "__index_level_0__"])
def test_an_index_of_pandas_is_no_column_by_default(tmp_path, name):
    with pytest.raises(BenchError, match=f"column '{name}' has pandas' name for an index .* or table.features to name"):
        without_index("table.features", tmp_path / "t.csv", ["a", name])
    assert without_index("table.features", tmp_path / "t.csv", ["a", "Unnamed"]) == ["a", "Unnamed"]


def test_paths_that_are_no_table(tmp_path):
    for path, message in {
        tmp_path / "none.csv": "no file",
        tmp_path: "expected a name that ends in .csv, .tsv or .parquet",
    }.items():
        with pytest.raises(BenchError, match=message):
            header(path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BenchError, match="is not a file"):
        header(tmp_path / "folder.csv")


def test_parquet_that_cannot_be_read(tmp_path, monkeypatch):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 no more")
    with pytest.raises(BenchError, match=r"cannot be read as .parquet: "):
        header(path)
    parquet.write_table(pa.table({"a": [[1], [2]], "b": pa.array(["x", "y"]).dictionary_encode()}), path)
    with pytest.raises(BenchError, match=r"column 'a' is of list<.*>: expected numbers, text or booleans"):
        columns(path, ["a"])
    assert columns(path, ["b"])["b"].tolist() == ["x", "y"]
    parquet.write_table(pa.table({"b": np.random.default_rng(0).random(1000)}), path)
    content = bytearray(path.read_bytes())
    content[4:1004] = b"\xff" * 1000
    path.write_bytes(content)
    with pytest.raises(BenchError, match="is damaged: "):
        columns(path, ["b"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BenchError, match=r"needs pyarrow: pip install 'disentanglement-bench\[parquet\]'"):
        header(path)
