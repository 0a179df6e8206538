"""Tables of a user's own."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own import refused, write_csv

from bench.data._own import columns
from bench.data.table import table

CASES = Path(__file__).parents[2] / "data/own"
ALIKE = "3c4f2f74652bc47ec6d0d3e6b65222ec2fb8ea73bbff6e98711ca0541d91729c"
N = 60
RNG = np.random.default_rng(0)
X = RNG.normal([0, 100], [1, 20], (N, 2))
COLUMNS = {
    "id": [f"r{i}" for i in range(N)],
    "height": X[:, 0],
    "weight": X[:, 1],
    "sex": ["f", "m"] * (N // 2),
    "age": np.arange(N) % 5 + 20,
    "dose": RNG.random(N),
}


pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def source(tmp_path):
    return write_csv(tmp_path / "mine.csv", COLUMNS)


def test_a_table_is_features_and_factors(source, capfd):
    data = table(source=source, factors="sex,age,dose", leave_out="id")
    assert (data.names, data.sizes, data.kind, data.likelihood) == (
        ("sex", "age", "dose"),
        (2, 5, 20),
        "vector",
        "gaussian",
    )
    assert (data.shape, len(data), data.sampled, data.binned) == ((2,), N, True, "vwidth20")
    np.testing.assert_allclose(data.x(np.arange(N)), (X - X.mean(0)) / X.std(0) / 0.1, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(data.numbers["dose"], COLUMNS["dose"])
    assert "Reading" in capfd.readouterr().err
    again = table(source=source, factors="sex,age,dose", leave_out="id")
    assert capfd.readouterr().err == "", "it is read once"
    assert again.sha256 == data.sha256
    assert isinstance(again.observations.base, np.memmap)


def test_the_same_numbers_are_the_same_data_in_any_format(source, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table(COLUMNS), tmp_path / "mine.parquet")
    write_csv(tmp_path / "mine.tsv", COLUMNS, "\t")
    made = [table(source=s, factors="sex,dose", features="height") for s in sorted(tmp_path.glob("mine.*"))]
    assert len(made) == 3
    assert len({data.sha256 for data in made}) == 1


def test_what_is_in_it_decides_its_sha256(source):
    given = {"factors": "sex,age", "features": "height"}
    seen = {table(source=source, **given | more).sha256 for more in ({}, {"noise": 1.0}, {"standardise": False})}
    seen |= {
        table(source=source, factors="sex,age", features="weight").sha256,
        table(source=source, factors="age", features="height").sha256,
    }
    write_csv(source, COLUMNS | {"age": np.arange(N) % 6})
    seen.add(table(source=source, **given).sha256)
    write_csv(source, COLUMNS | {"height": X[:, 0] + 1e-3 * np.arange(N)})
    seen.add(table(source=source, **given).sha256)
    assert len(seen) == 7


def test_raw_features_are_as_they_stand(source):
    data = table(source=source, factors="age", features="weight,height", standardise=False, noise=1.0)
    np.testing.assert_array_equal(data.x(np.arange(N)), X[:, ::-1].astype(np.float32))


def test_blocks_do_not_show(source, monkeypatch):
    whole = table(source=source, factors="age", features="height,weight")
    monkeypatch.setattr(columns, "BLOCK", 7)
    in_blocks = table(
        source=write_csv(source.with_name("b.csv"), COLUMNS | {"id": range(N)}), factors="age", leave_out="id,sex,dose"
    )
    np.testing.assert_allclose(in_blocks.x(np.arange(N)), whole.x(np.arange(N)), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "table.factors: expected the columns of {} that are factors, such as dose"),
        ({"factors": "sexx"}, "table.factors: no column 'sexx': choose from id, height"),
        ({"factors": "sex", "leave_out": "name"}, "table.leave_out: no column 'name'"),
        ({"factors": "sex", "features": "sex"}, "table.features: no column 'sex'"),
        ({"factors": "sex"}, "source: {}: column 'id', row 1 is 'r0': expected a finite number"),
        ({"factors": "id", "features": "height"}, "source: {}: column 'id' has 60 different texts in 60 rows"),
        ({"factors": "sex", "features": "height", "noise": 0.0}, "table.noise=0.0: expected a finite number above 0"),
        ({"factors": "sex", "leave_out": "id,height,weight,age,dose"}, "table.features: no column of {} is left"),
    ],
)
def test_mistakes(source, arguments, message):
    assert refused(table, source, **arguments).startswith(message.format(source))


def test_what_is_wrong_in_the_file(tmp_path):
    given = {"factors": "age", "features": "height"}
    for change, message in {
        "constant": "column 'height' is 2 in all rows: expected numbers that vary, or leave it out",
        "missing": "column 'height', row 3 is missing: expected a finite number (float32)",
    }.items():
        heights = np.full(N, 2.0) if change == "constant" else [*X[:2, 0], None, *X[3:, 0]]
        path = write_csv(tmp_path / f"{change}.csv", COLUMNS | {"height": heights})
        assert refused(table, path, **given) == f"source: {path}: {message}"
    assert list((tmp_path / "cache").glob("*.npy")) == []


def test_a_slip_in_a_column_of_numbers():
    given = {"features": "f1,f2", "factors": "kind,y"}
    data = table(source=CASES / "slip-na.csv", **given)
    assert (data.sizes, data.unordered) == ((3, 5), ("kind",))
    assert (data.v[:, 1] == -1).sum() == 1
    assert data.notes == ("column 'y': 'n/a' (1 row) read as missing",)
    line = refused(table, CASES / "slip-letter.csv", **given)
    assert "column 'y', row 8 is '1.O', with letters among its digits: expected a finite number, or an empty" in line
    assert line.endswith("table.categorical=y takes all as words")
    assert table(source=CASES / "slip-letter.csv", categorical="y", **given).sizes == (3, 6)


def test_an_underscore_makes_no_number():
    source = CASES / "underscore-ids.csv"
    data = table(source=source, features="f1,f2", factors="kind,y", categorical="y")
    assert data.sizes[1] == len({line.split(",")[3] for line in source.read_text().splitlines()[1:]})
    assert "column 'y' has 60 different texts in 60 rows: no factor" in refused(
        table, source, features="f1,f2", factors="y"
    )


def test_tabs_in_a_csv_file():
    line = refused(table, CASES / "tabs.csv", factors="kind")
    assert line.endswith("has tabs between cells: expected commas, or a name that ends in .tsv")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_booleans_and_categories_are_alike_in_any_format(tmp_path, ending):
    """As pandas writes them; as factors and as features."""
    frame = pd.DataFrame(COLUMNS)
    frame["flag"] = [True, False, True, True, False] * 12
    frame["kind"] = pd.Categorical(["low", "high", None] * 20, categories=["low", "mid", "high"], ordered=True)
    frame["gaps"] = pd.array([True, None, False] * 20, dtype="boolean")
    path = tmp_path / f"t.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path, index=False)
    data = table(source=path, factors="flag,kind,gaps", features="height")
    assert (data.sizes, data.unordered, data.notes) == ((2, 2, 2), (), ())
    np.testing.assert_array_equal(data.v[:3], [[1, 1, 1], [0, 0, -1], [1, -1, 0]])
    assert table(source=path, factors="flag,kind,gaps", features="height", categorical="flag").sha256 == data.sha256
    assert data.sha256 == ALIKE
    turned = table(source=path, factors="flag", features="height", ordered="flag:True:False")
    assert turned.v[:2, 0].tolist() == [0, 1]
    raw = table(source=path, factors="age", features="flag", standardise=False, noise=1.0)
    assert raw.x(np.arange(3)).ravel().tolist() == [1, 0, 1]
    assert "column 'gaps', row 2 is missing" in refused(table, path, factors="age", features="gaps")


def test_an_index_that_pandas_wrote_is_named(source, tmp_path):
    frame = pd.DataFrame(COLUMNS).drop(columns=["id", "sex"])
    frame.to_csv(tmp_path / "index.csv")
    assert "column 1 has no name (so pandas writes an index" in refused(table, tmp_path / "index.csv", factors="age")
    pd.read_csv(tmp_path / "index.csv").to_csv(tmp_path / "again.csv", index=False)
    line = refused(table, tmp_path / "again.csv", factors="age")
    assert "column 'Unnamed: 0' has pandas' name for an index" in line
    assert "table.features or table.leave_out to name" in line
    assert table(source=tmp_path / "again.csv", factors="age", leave_out="Unnamed: 0").shape == (3,)
