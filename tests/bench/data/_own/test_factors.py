"""From columns to factors: what their values say of them, what an argument does, and what is refused."""

from functools import wraps
from pathlib import Path

import numpy as np
import pytest
from own import squares, write_csv

from bench import plugins
from bench.data._own.factors import Factors, Roles, chosen, factors_of, scale_of
from bench.data._own.origin import Origin
from bench.errors import BenchError, FileNeeded
from bench.testing import check_dataset
from metrics._arrays import factors_of as scored

OWN = ("image_folder", "npz", "table")
ORIGIN = Origin(Path("mine.csv"))
N = 300
FLOATS = np.random.default_rng(0).normal(size=N)


def made(columns, **roles):
    held = {name: np.array(list(cells), object) for name, cells in columns.items()}
    return factors_of(ORIGIN, held, Roles("table", **roles))


def test_values_say_what_a_column_holds():
    found = made(
        {
            "few": np.arange(N) % 5 / 4,
            "whole": np.arange(N) % 100,
            "many": FLOATS,
            "text": ["b", "a", "c"] * 100,
            "two": ["yes", "no"] * 150,
            "gaps": ["", "1", "NA", "3"] * 75,
        }
    )
    assert found.names == ("few", "whole", "many", "text", "two", "gaps")
    assert found.sizes == (5, 100, 20, 3, 2, 2)
    assert found.unordered == ("text",)
    assert (found.binned, list(found.numbers)) == ("vwidth20", ["many"])
    np.testing.assert_array_equal(found.numbers["many"], FLOATS)
    assert found.v[:4].T.tolist()[3:] == [[1, 0, 2, 1], [1, 0, 1, 0], [-1, 0, -1, 1]]
    np.testing.assert_array_equal(found.v[:, 1], np.arange(N) % 100)


def test_few_rows_have_few_values():
    """As when arrays are scored: more than half as many values as rows are continuous."""
    assert made({"a": [0.1, 0.2, 0.3, 0.1]}).binned == "vwidth20"
    assert made({"a": [0.1, 0.2, 0.1, 0.2]}).binned == ""


@pytest.mark.parametrize("binning", ["width", "quantile"])
def test_bins_are_those_of_a_score_of_arrays(binning):
    given = FLOATS.copy()
    given[::7] = np.nan
    there = ~np.isnan(given)
    found = made({"a": given, "b": np.arange(N) % 2}, bins=8, binning=binning)
    (expected, _, binned, _) = scored(given[there][:, None], bins=8, binning=binning)
    assert binned
    np.testing.assert_array_equal(found.v[there, 0], expected[:, 0])
    assert (found.v[~there, 0] == -1).all()
    assert (found.sizes, found.binned) == ((8, 2), f"v{binning}8")


def test_an_argument_says_it_otherwise():
    columns = {"n": np.arange(N) % 7, "text": ["m", "l", "s"] * 100, "x": FLOATS}
    found = made(columns, categorical="n,x", ordered="text:s:m:l")
    assert found.unordered == ("n", "x")
    assert found.sizes == (7, 3, N)
    assert found.v[:3, 1].tolist() == [1, 2, 0]
    assert found.binned == ""
    assert made({"n": np.arange(N) % 7}, continuous="n", bins=7).sizes == (7,)
    assert made({"n": [3, 1, 2] * 100}, ordered="n:2:3:1").v[:3, 0].tolist() == [1, 2, 0]
    assert made({"a:b": FLOATS}, ordered="a:b").sizes == (N,)


@pytest.mark.parametrize(
    ("cells", "roles", "message"),
    [
        ([1, 1, 1], {}, "column 'a' has one value, 1.0, in all rows: expected a factor with two or more"),
        (["", "", ""], {}, "column 'a' has no value in all rows"),
        (["x", "x", ""], {}, "column 'a' has one value, x, in all rows"),
        ([0.5, 0.5, ""], {"continuous": "a"}, "column 'a' has one value, 0.5, in all rows"),
        ([1, "inf", 2], {}, "column 'a', row 2 is inf: expected a finite number"),
        ([1, "", "x"], {"continuous": "a"}, "column 'a', row 3 is 'x': expected a finite number"),
        (["s", "m", "l"], {"ordered": "a"}, "column 'a' holds texts: state their order, such as ordered=a:small"),
        (["s", "m", "l"], {"ordered": "a:s:m"}, "column 'a', row 3 is 'l', which its order s:m leaves out"),
        (["s", "m", "m"], {"ordered": "a:s:m:l"}, "column 'a' has 2 values, its order s:m:l has 3"),
        ([*(i / 8 for i in range(30)), "", "4mm"], {}, "column 'a', row 32 is '4mm', with a unit"),
        ([f"id{i}" for i in range(30)], {}, "column 'a' has 30 different texts in 30 rows: no factor"),
        ([0] * 99 + [1], {"continuous": "a", "bins": 2, "binning": "quantile"}, "column 'a' falls into one bin"),
    ],
)
def test_a_column_that_is_no_factor_is_named(cells, roles, message):
    with pytest.raises(BenchError) as caught:
        made({"a": cells}, **roles)
    assert str(caught.value).startswith(f"source: mine.csv: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"bins": 1}, "table.bins=1: expected from 2 to 1000"),
        ({"binning": "equal"}, "table.binning=equal: expected width or quantile"),
        ({"categorical": "b"}, "table.categorical: no column 'b': choose from a"),
        ({"ordered": "b:1:2"}, "table.ordered: no column 'b': choose from a"),
        ({"categorical": "a", "continuous": "a"}, "table.continuous: 'a' is named as categorical too"),
    ],
)
def test_arguments_out_of_range_are_refused(roles, message):
    with pytest.raises(BenchError) as caught:
        made({"a": [0, 1]}, **roles)
    assert str(caught.value) == message


def test_a_choice_of_columns():
    assert chosen("table.factors", "", ["a", "b"]) == ["a", "b"]
    assert chosen("table.factors", "b, a", ["a", "b"]) == ["b", "a"]
    with pytest.raises(BenchError, match=r"table.factors=a,a: 'a' is there twice"):
        chosen("table.factors", "a,a", ["a"])
    with pytest.raises(BenchError, match=r"table.factors: no column 'x': choose from 0, 1, .*, 19 and 5 more$"):
        chosen("table.factors", "x", [str(k) for k in range(25)])


def test_only_each_combination_once_is_no_sample():
    v = np.stack(np.unravel_index(np.arange(6), (2, 3)), axis=1).astype(np.int32)
    assert not Factors(v, ("a", "b"), (2, 3)).sampled
    assert not Factors(v[::-1], ("a", "b"), (2, 3)).sampled
    assert Factors(v[:5], ("a", "b"), (2, 3)).sampled
    assert Factors(np.vstack([v[:5], v[:1]]), ("a", "b"), (2, 3)).sampled
    assert Factors(np.where(v == 2, -1, v).astype(np.int32), ("a", "b"), (2, 3)).sampled
    assert Factors(v, ("a", "b"), (2, 3), numbers={"b": v[:, 1] / 3}, binned="vwidth3").sampled


def test_features_are_standardised_over_all_blocks():
    x = np.random.default_rng(0).normal([1e6, -3, 0], [1, 50, 1e-4], (1000, 3))
    scale = scale_of(ORIGIN, "abc", np.array_split(x, 7), True, 0.1)
    y = np.concatenate([scale(block) for block in np.array_split(x, 3)])
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, (x - x.mean(0)) / x.std(0) / 0.1, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(scale_of(ORIGIN, "abc", [], False, 0.5)(x), (x / 0.5).astype(np.float32))
    x[:, 1] = 0.1
    with pytest.raises(BenchError, match=r"b is 0.1 in all rows: expected numbers that vary, or leave it out"):
        scale_of(ORIGIN, "abc", np.array_split(x, 7), True, 0.1)


@pytest.mark.parametrize("name", OWN)
def test_the_contract(name, tmp_path, monkeypatch):
    """What bench.testing asks of every data set, of one with missing values and a continuous factor."""
    path = {
        "image_folder": lambda: squares(tmp_path / "folder", n=40) / "factors.csv",
        "npz": lambda: tmp_path / "mine.npz",
        "table": lambda: tmp_path / "mine.csv",
    }[name]()
    v = {"a": [None, *(np.arange(39) % 3)], "b": np.random.default_rng(0).random(40), "c": ["x", "y", None, "z"] * 10}
    if name == "npz":
        table = np.array([["" if cell is None else str(cell) for cell in cells] for cells in v.values()])
        np.savez(path, x=np.random.default_rng(0).random((40, 1, 32, 32)), v=table.T, names=np.array(list(v)))
    else:
        files = {"file": [f"{i:03}.png" for i in range(40)]}
        write_csv(path, (files if name == "image_folder" else {"x1": FLOATS[:40], "x2": FLOATS[40:80]}) | v)
    inner, load = plugins.load("dataset", name), plugins.load
    given = {"source": path} | ({"factors": "a,b,c"} if name == "table" else {})
    mine = wraps(inner)(lambda **arguments: inner(**given | arguments))
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(plugins, "load", lambda kind, n: mine if n == name else load(kind, n))
    made = mine()
    assert (made.sizes, made.sampled, made.binned) == ((3, 20, 3), True, "vwidth20")
    check_dataset(name)


@pytest.mark.parametrize("name", OWN)
def test_without_a_source_one_is_asked_for(name):
    with pytest.raises(FileNeeded, match=rf"^{name} reads data of yours: --set {name}.source=F"):
        plugins.load("dataset", name)()
