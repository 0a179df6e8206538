"""What spreadsheets and languages write around a table."""

import codecs

import pytest

from bench.data._own.text import header, rows
from bench.errors import BenchError

TABLE = [["1", "é"], ["2", "b"]]


def read(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return header(path), list(rows(path))


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,é\n2,b\n",
        "a,b\r\n1,é\r\n2,b",
        "a,b\r1,é\r2,b\r",
        "\ufeffa,b\n1,é\n2,b\n",
        codecs.BOM_UTF16_LE + "a,b\n1,é\n2,b\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "a,b\n1,é\n2,b\n".encode("utf-16-be"),
        codecs.BOM_UTF32_LE + "a,b\n1,é\n2,b\n".encode("utf-32-le"),
        "sep=,\na,b\n1,é\n2,b\n",
        "\n\na,b\n\n1,é\n\n2,b\n\n",
        "a,b,,\n1,é,,\n2,b,,\n",
        "a,b\n1,é,,\n2,b,\n",
        "a,b\n1,é\n2,b\n,\n,\n",
        "a,b,\n1,é,\n2,b,\n,,\n",
        " a , b \n1, é\n2,b \n",
    ],
)
def test_what_is_around_a_table_is_not_read(tmp_path, content):
    assert read(tmp_path, content) == (["a", "b"], TABLE)


def test_line_breaks_in_quotes(tmp_path):
    assert read(tmp_path, '"a\n(mm)",b\n"x\ny",1\n') == (["a\n(mm)", "b"], [["x\ny", "1"]])


def test_endings_in_capitals(tmp_path):
    assert read(tmp_path, "a\tb\n1\t2\n", "T.TSV") == (["a", "b"], [["1", "2"]])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\tb\n1\t2\n", "has tabs between cells: expected commas, or a name that ends in .tsv"),
        ("a;b\n1;2\n", "has semicolons between cells: expected commas, or tabs in a .tsv file"),
        ("sep=;\na;b\n1;2\n", "has semicolons between cells: expected commas, or tabs in a .tsv file"),
        ("a|b\n1|2\n", "has bars between cells: expected commas"),
        ("# made by me\na,b\n1,2\n", "begins with '# made by me': expected the names of columns in the first line"),
        ("a,b\n1,2\n# the end\n", "row 2 has 1 cells, the header has 2; comment lines are not read"),
        ("a,b\n1,2\n,\n3,4\n", "row 2 is empty, and row 3 is not: expected none between others"),
        ("a,b\nr1,1,2\n", "row 1 has 3 cells, the header has 2; R writes names of rows without one"),
        ("a,b\n1,2,3,4\n", "row 1 has 4 cells, the header has 2"),
        ("a,b\n1\n", "row 1 has 1 cells, the header has 2"),
        ("a,b\n1,é\n".encode("latin-1"), "cannot be read as .csv in UTF-8: 'utf-8' codec"),
        ("a,b\n1,2\n".encode("utf-16-le"), "is no text in UTF-8, but in UTF-16 or of another kind"),
        ('a,b\n1,"2"x\n', "line 2 cannot be read as .csv: "),
        ('a,b\n1,"2\n', "line 2 cannot be read as .csv: unexpected end of data"),
        (f"a,b\n1,{'x' * 200_000}\n", "line 2 cannot be read as .csv: field larger than field limit"),
    ],
)
def test_what_is_no_table_is_said_in_a_line(tmp_path, content, message):
    with pytest.raises(BenchError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(f"source: {tmp_path / 't.csv'}: {message}")
    assert "\n" not in str(caught.value)


def test_commas_in_a_tsv_file(tmp_path):
    with pytest.raises(BenchError, match=r"has commas between cells: expected tabs, or a name that ends in .csv"):
        read(tmp_path, "a,b\n1,2\n", "t.tsv")
