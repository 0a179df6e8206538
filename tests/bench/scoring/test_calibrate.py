import csv
import math

import numpy as np
import pytest
from click.testing import CliRunner

from bench.cli.main import bench
from bench.errors import BenchError
from bench.plugins import defaults
from bench.scoring.calibrate import DEFAULTS, calibration, cells, protocols, sizes_of
from metrics._analytic import CODES, Grid
from metrics._codes import Codes
from metrics.mig import mig
from metrics.modularity import modularity

SIZES = (3, 4, 6)
FEW = {
    "mig": {"n_train": 1000},
    "modularity": {"n_train": [1000, 300]},
    "factorvae_score": {"votes": 300, "eval_votes": 100},
}


@pytest.fixture(scope="module")
def table():
    return calibration(list(cells(SIZES, protocols(FEW, FEW), seed=0)))


def value(table, label, code):
    return table.values[table.labels.index(label), table.codes.index(code)]


@pytest.mark.parametrize("name", CODES)
def test_codes_are_finite_and_of_their_dimensions(name):
    grid = Grid.of(SIZES)
    z = CODES[name].make(grid, np.random.default_rng(0))
    expected = {"split": 4, "merged": 2, "duplicated": 6, "cyclic": 4, "half dead": 6, "pure noise": 10}
    assert z.shape == (72, expected.get(name, 3))
    assert np.isfinite(z).all()
    again = CODES[name].make(grid, np.random.default_rng(0))
    assert np.array_equal(z, again)


def test_factors_are_scaled_over_the_grid():
    x = Grid.of(SIZES).x
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(x.std(axis=0), 1)


@pytest.mark.parametrize("name", ["permuted", "rotated", "split", "merged", "duplicated", "cyclic", "half dead"])
def test_codes_without_noise_lose_nothing(name):
    z = CODES[name].make(Grid.of(SIZES), np.random.default_rng(0))
    assert len(np.unique(np.round(z, 9), axis=0)) == 72


def test_what_is_known_of_the_codes(table):
    assert value(table, "factorvae_score (eval_votes 100, votes 300)", "perfect") == 1
    assert value(table, "mig (n 1000)", "permuted") == value(table, "mig (n 1000)", "perfect")
    assert value(table, "mig (n 1000)", "duplicated") == 0
    assert value(table, "mig (n 1000)", "rotated") < 0.5
    assert value(table, "modularity (n 1000)", "half dead") == pytest.approx(0.5, abs=0.01)
    assert value(table, "modularity (n 300)", "pure noise") > 0.4
    assert value(table, "mig (n 1000)", "all dead") == 0
    noise = [value(table, "mig (n 1000)", code) for code in ("perfect", "noise 0.3", "noise 1", "noise 3")]
    assert noise == sorted(noise, reverse=True)


def test_on_dsprites_a_perfect_code_has_a_mig_of_896_and_noise_a_modularity_of_two_thirds():
    every = Grid.of(sizes_of("dsprites"))
    rows = np.random.default_rng(0).integers(len(every.v), size=10_000)
    assert mig(Codes(every.x[rows], every.v[rows]), None).values["mig"] == pytest.approx(0.896, abs=0.002)
    noise = np.random.default_rng(1).standard_normal((10_000, 10))
    assert modularity(Codes(noise, every.v[rows]), None).values["modularity"] == pytest.approx(0.66, abs=0.05)


def test_defaults_name_metrics_and_arguments():
    for name, arguments in DEFAULTS.items():
        assert set(arguments) <= set(defaults("metric", name))


@pytest.mark.parametrize("given", ["3,4", "sprites32"])
def test_grids(given):
    assert sizes_of(given) == {"3,4": (3, 4), "sprites32": (3, 4, 20, 16, 16)}[given]


@pytest.mark.parametrize("given", ["3", "3,1", "3,x", "", "2000,2000", "shapes3d"])
def test_grids_that_are_none(given):
    with pytest.raises(BenchError, match=f"grid={given}: expected dsprites, sprites32, or"):
        sizes_of(given)


def test_the_command(tmp_path):
    few = ["--metrics", "mig,sap", "--set", "mig.bins=8,9", "--set", "sap.n_train=500", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(bench, ["calibrate", "--grid", "3,2", *few], catch_exceptions=False)
    assert "mig (bins 8, n 1000)" in done.output
    assert {p.name for p in (tmp_path / "out").iterdir()} == {f"calibration.{s}" for s in ("csv", "md", "png", "svg")}
    rows = list(csv.DictReader((tmp_path / "out" / "calibration.csv").read_text().splitlines()))
    assert len(rows) == len(CODES) * 5
    assert rows[0]["grid"] == "3x2"
    assert rows[0]["protocol"] == "mig:bins8-given-n10000"
    merged = [r["value"] for r in rows if r["code"] == "merged" and r["metric"] == "sap"]
    assert merged == [""]  # one dimension: SAP refuses it
    assert "| – |" in (tmp_path / "out" / "calibration.md").read_text()


def test_an_argument_that_scores_nothing_is_a_mistake():
    with pytest.raises(BenchError, match="mig: bins is 1, expected at least 2"):
        list(cells(SIZES, protocols(["mig"], {"mig": {"bins": 1}}), 0))
    assert not any(math.isnan(c.value) for c in cells(SIZES, protocols(["mcc"], {"mcc": {"n_train": 50}}), 0))
