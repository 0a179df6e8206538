"""Cells: what is a number, what is missing, what is a text, and the slip between them."""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bench.data._own.cells import Reading, floats, is_number, notes, read, slip

MISSING = (  # as they are written by
    *("", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "NaN", "nan", "-nan", "-NaN", "<NA>", "NULL", "null", "None"),
    *("NaT", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),  # pandas, and what it reads as such
    *("na", "Na", "NA_integer_", "NA_real_", "NA_character_"),  # R
    *("#N/A", "#NV", "#N/D", "(blank)", "-", "–", "—"),  # Excel, here and elsewhere
    *(".", "#NULL!", ".a", ".Z", "._"),  # SPSS, SAS and Stata
    *("NULL", "(null)", "<null>", "[NULL]", r"\N"),  # SQL
    *("missing", "nothing", "NaN"),  # Julia
    *("null", "undefined"),  # JSON and JavaScript
    *("nan", "NaT", "--", "masked", "none"),  # numpy
    *("NaN", "NAN", "nan(ind)", "-nan(ind)", "NaN(0x80)", "1.#QNAN0", "-1.#IND00", "<missing>", "?", "n.a.", "nil"),
)
NUMBERS = ("0", "5", "-5", "+5", "1.", ".5", "-.5e-3", "1e5", "1E+05", "007", "inf", "-Inf", "Infinity", "1e400")
TEXTS = ("1_2", "1_000", "0x10", "١", "１", "1,5", "1 5", "5mm", "1e", "e5", ".", "+", "--5", "1d5", "infinit", "")


def objects(*cells):
    return np.array(cells, object)


@pytest.mark.parametrize("cell", NUMBERS)
def test_numbers_are_what_pandas_reads_as_one(cell):
    assert is_number(cell)
    assert pd.read_csv(io.StringIO(f"a\n{cell}\n{cell}\n"))["a"].dtype.kind in "if"
    np.testing.assert_array_equal(read(objects(cell, "2")).values, [float(cell), 2])
    np.testing.assert_array_equal(floats(objects(cell, "2")), [float(cell), 2])


@pytest.mark.parametrize("cell", TEXTS)
def test_what_float_accepts_beside_is_text(cell):
    assert not is_number(cell)
    found = read(objects(cell or "x", "2"))
    assert found.texts or found.missing
    if cell:
        assert floats(objects(cell, "2")) is None


@pytest.mark.parametrize("word", [word for word in MISSING if word])
def test_every_programs_word_for_missing_is_missing_among_numbers(word):
    found = read(objects("1", word, " 2.5 ", word, ""))
    np.testing.assert_array_equal(found.values, [1, np.nan, 2.5, np.nan, np.nan])
    assert found.missing == {word: 2}
    assert notes("a", found) == [f"column 'a': {word!r} (2 rows) read as missing"]
    flags = read(objects("True", word, "False"))
    np.testing.assert_array_equal(flags.values, [1, np.nan, 0])


def test_among_texts_a_word_of_a_language_is_a_value():
    found = read(objects("cap", "None", "N/A", "Na", "-", "", "N/A"))
    assert found.values.tolist() == ["cap", "None", "", "Na", "-", "", ""]
    assert notes("hat", found) == [
        "column 'hat': 'N/A' (2 rows) read as missing",
        "column 'hat': 'None' (1 row), 'Na' (1 row), '-' (1 row) read as a value; a cell is missing where it is empty",
    ]


def test_words_are_values_where_the_column_is_of_words():
    found = read(objects("none", "1", "2", "NA"), words=True)
    assert found.values.tolist() == ["none", "1", "2", ""]


def test_cells_of_other_types():
    np.testing.assert_array_equal(read(objects(1, 2.5, None, float("nan"))).values, [1, 2.5, np.nan, np.nan])
    for held in (objects(True, None, False), objects("True", "", "False"), objects("TRUE", "NA", "false")):
        found = read(held)
        np.testing.assert_array_equal(found.values, [1, np.nan, 0])
        assert found.boolean
    assert not read(objects(1, 0)).boolean
    assert read(objects("True", "1")).texts
    np.testing.assert_array_equal(floats(objects("True", "False", "")), [1, 0, np.nan])
    np.testing.assert_array_equal(floats(objects(True, 2, None)), [1, 2, np.nan])
    assert floats(objects("1", "NA")) is None
    np.testing.assert_array_equal(read(objects("", None, "NA")).values, [np.nan] * 3)
    assert read(objects("-", "-")).values.tolist() == ["-", "-"]


@pytest.mark.parametrize(
    ("cells", "at"),
    [
        (["1", "2", "3", "4", "1.O"], 4),
        (["1", "x", "2"], 1),
        (["1", "n/a", "x", "2"], 2),
        (["1,5", "2,5", "3,5"], 0),
        (["1,234", "5,678"], 0),
        (["50%", "60%"], 0),
        (["−1", "−2"], 0),
        (["1", "2", "4 mm", "5 mm", "6 mm"], 2),
        (["1", "2", "control", "control", "control"], 2),  # of three different ones two are numbers
        (["1", "2", "TRUE"], 2),
        (["1", "2", "#DIV/0!"], 2),
        (["1", "2", "0x10"], 2),
        (["1", "2", "1_0"], 2),
        (["4 mm", "5 mm", "6 mm"], None),
        (["1_2", "1_3"], None),
        (["0x1f", "0x2f"], None),
        (["1st", "2nd"], None),
        (["S", "M", "1"], None),
        (["2024-01-01", "2024-01-02"], None),
        (["a", "b", ""], None),
    ],
)
def test_a_text_among_numbers_is_a_slip(cells, at):
    assert slip(cells) == at


def test_what_might_be_meant_otherwise_is_noted():
    assert notes("a", read(objects("4 mm", "5 mm"))) == [
        "column 'a': '4 mm' and the like are read as texts, without an order"
    ]
    assert notes("a", read(objects("S", "M", "1"))) == ["column 'a': 1 of 3 cells are numbers; all are read as texts"]
    assert notes("a", read(objects("cat", "Cat", "dog"))) == [
        "column 'a': some of its texts differ in capitals only, and are different values"
    ]
    assert notes("a", read(objects("cat", "dog", ""))) == []
    assert notes("a", read(objects("1", "", "2"))) == []
    several = notes("a", Reading(np.zeros(5), {"NA": 1, "nan": 2, "-": 3, "?": 1}))
    assert several == ["column 'a': 'NA' (1 row), 'nan' (2 rows), '-' (3 rows) and 1 more read as missing"]


def rows_of_the_docs():
    """The cells of the table in docs/own-data.md, by what they are in its first words."""
    text = (Path(__file__).parents[4] / "docs/own-data.md").read_text("utf-8")
    table = text.partition("| a cell | among numbers")[2].partition("\n\n")[0]
    return [(row.split("|")[1], row.split("|")[2].split("`")[0]) for row in table.splitlines()[2:] if "`" in row]


@pytest.mark.parametrize(("cells", "reading"), rows_of_the_docs())
def test_the_docs_table_of_cells(cells, reading):
    for word in re.findall("`([^`]*)`", cells):
        if word in ("True", "control", "inf", "1e400"):
            continue
        found = read(objects("1", word, "2"))
        kind = "missing" if found.missing else "refused" if found.texts else "a number"
        assert reading.strip().startswith(kind), word
