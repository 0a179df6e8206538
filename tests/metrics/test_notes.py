"""Where the scale or the place of codes decides a score, the metric says so; and no scale is beyond a metric."""

import inspect
import re

import numpy as np
import pytest

from metrics import _registry
from metrics._checks import coarse
from metrics._codes import Codes

FEW = {"n_train": 400, "n_test": 200, "votes": 300, "eval_votes": 200, "n_variance": 600, "batch": 16}
FEW |= {"draws": 1, "stages": 5}


def scores(name, z, v, **given):
    metric = _registry.load(name)
    known = inspect.signature(metric).parameters
    arguments = {argument: value for argument, value in (FEW | given).items() if argument in known}
    return metric(Codes(z, v), np.random.default_rng(0), **arguments)


def note(name, z, v, **given):
    """The one note."""
    (line,) = scores(name, z, v, **given).notes
    assert "\n" not in line
    return line


@pytest.fixture(scope="module")
def v():
    rng = np.random.default_rng(0)
    return np.stack([rng.integers(size, size=600) for size in (2, 3, 4)], axis=1)


@pytest.fixture(scope="module")
def z(v):
    """A blurred mixture of three factors in four dimensions, of mean 0 and a largest deviation of 1."""
    rng = np.random.default_rng(1)
    codes = v @ rng.standard_normal((3, 4)) + 0.5 * rng.standard_normal((600, 4))
    codes -= codes.mean(axis=0)
    return codes / codes.std(axis=0).max()


@pytest.mark.parametrize("name", _registry.own())
def test_codes_of_a_usual_scale_have_no_notes(name, z, v):
    assert scores(name, z, v).notes == ()


def test_factorvae_score_says_how_many_dimensions_it_left_out(z, v):
    line = note("factorvae_score", 0.04 * z, v)
    told = "4 of 4 dimensions are left out, as their standard deviation is below prune_std 0.05; the largest is 0.0"
    assert re.fullmatch(rf"{told}\d+: divide the codes by it", line)
    mended = scores("factorvae_score", 0.04 * z / 0.04, v)
    assert mended.values["factorvae_score"] > scores("factorvae_score", 0.04 * z, v).values["factorvae_score"] == 0


def test_a_dead_dimension_among_others_is_left_out_without_a_note(z, v):
    dead = np.c_[z, 1e-3 * z[:, 0]]
    assert scores("factorvae_score", dead, v).notes == ()


def test_betavae_score_says_that_its_penalty_decides(z, v):
    line = note("betavae_score", 0.01 * z, v)
    found, instead = map(float, re.findall(r"0\.\d{3}", line))
    assert found == pytest.approx(scores("betavae_score", 0.01 * z, v).values["betavae_score"], abs=5e-4)
    assert instead == pytest.approx(scores("betavae_score", z, v).values["betavae_score"], abs=0.01)
    assert line.endswith("largest standard deviation, 0.01: divide them by it")
    assert scores("betavae_score", 0.01 * z, v, penalty=1e-9).notes == ()


@pytest.mark.parametrize("moved", [lambda z: 0.01 * z, lambda z: z + 100])
def test_sap_says_that_its_penalty_decides(z, v, moved):
    line = note("sap", moved(z), v)
    _, instead = map(float, re.findall(r"0\.\d{3}", line))
    standard = (z - z[:400].mean(axis=0)) / z[:400].std(axis=0)
    assert instead == pytest.approx(scores("sap", standard, v).values["sap"], abs=5e-4)
    assert scores("sap", moved(z), v, continuous=True).notes == ()


def test_sap_in_its_continuous_form_sees_codes_of_any_scale(z, v):
    assert scores("sap", 1e-9 * z, v, continuous=True).values == pytest.approx(
        scores("sap", z, v, continuous=True).values
    )


def test_irs_says_that_one_dimension_decides(z, v):
    line = note("irs", z * [1, 1, 1000, 1], v)
    assert re.match(r"dimension 2 has 99\.\d% of the weight", line)
    assert scores("irs", z[:, :1], v).notes == (), "there is one"


def test_infomec_says_that_a_dimension_left_out_tells_of_a_factor(v):
    z = v.astype(float) * [1, 1, 0.01]
    line = note("infomec", z, v)
    assert line.startswith("1 of 3 dimensions do not count in InfoM and InfoC, as their range is at most 0.05 of")
    assert "1 of them tell of a factor (NMI up to 1.00)" in line
    noise = np.c_[v, 0.01 * np.random.default_rng(0).standard_normal(600)]
    assert scores("infomec", noise, v).notes == ()


def test_codes_that_floats_do_not_resolve_are_told():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((100, 3))
    assert coarse(z) == coarse(z.astype(np.float32)) == coarse(z + 1e6) == ()
    assert coarse(np.c_[z, np.full(100, 1e9)].astype(np.float32)) == ()
    (line,) = coarse((z + np.array([0, 0, 3e6])).astype(np.float32))
    assert line.startswith(
        "1 of 3 dimensions are so far from 0 that float32 does not resolve how they vary (dimension 2"
    )
    assert "0.25 apart" in line


INVARIANT = [n for n in _registry.own() if n not in ("factorvae_score", "betavae_score", "sap")]


@pytest.mark.parametrize("name", INVARIANT)
@pytest.mark.parametrize("scale", [2.0**-500, 2.0**-100, 2.0**-20, 2.0**20, 2.0**100, 2.0**500])
def test_no_scale_is_beyond_a_metric(name, scale, z, v):
    assert scores(name, scale * z, v).values == pytest.approx(scores(name, z, v).values, abs=1e-6)


@pytest.mark.parametrize("name", _registry.own())
@pytest.mark.parametrize(
    "moved",
    [
        lambda z: (z * 2.0**-140).astype(np.float32),
        lambda z: (z * 2.0**120).astype(np.float32),
        lambda z: z * 2.0**1000,
        lambda z: (z + 2.0**40).astype(np.float32),
        lambda z: (0.3 + 3e-8 * z).astype(np.float32),
        lambda z: z * [2.0**-1000, 1, 2.0**60, 2.0**1000],
        lambda z: 0 * z,
    ],
)
def test_codes_of_any_scale_are_scored(name, moved, z, v):
    """Without a warning, which would be an error here."""
    assert np.isfinite(list(scores(name, moved(z), v).values.values())).all()
