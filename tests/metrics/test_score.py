import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from metrics import Scored, score
from metrics._arrays import factors_of
from metrics._codes import Codes, MetricError
from metrics._protocol import fitted
from metrics.factorvae_score import factorvae_score
from metrics.mig import mig

RNG = np.random.default_rng(0)
V = np.stack([RNG.integers(n, size=900) for n in (3, 4, 5)], axis=1)
Z = V + 0.3 * RNG.standard_normal((900, 3))
ROWS = {"n_train": 600, "n_test": 300}
MIG = {"mig": {"n_train": 900}}


def test_importing_the_package_imports_no_numpy():
    code = "import sys, metrics; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = "import sys; from metrics import score; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_metric_by_name():
    scored = score(Z, V, "mig", n_train=900)["mig"]
    assert isinstance(scored, Scored)
    assert scored.protocol == "mig:bins20-given-n900"
    # all rows are read, so that the shuffle does not matter
    direct = mig(Codes(Z, V), RNG, n_train=900)
    assert scored.values == pytest.approx(direct.values)
    np.testing.assert_allclose(scored.per_factor["mig"], direct.per_factor["mig"])
    np.testing.assert_allclose(scored.matrices["mutual_information"], direct.matrices["mutual_information"])
    assert scored.factors == ("0", "1", "2")


def test_every_metric_scores_by_default():
    scored = score(Z, V, **ROWS)
    assert {"mig", "dci", "factorvae_score", "betavae_score", "sap", "irs"} <= set(scored)
    assert all(np.isfinite(list(s.values.values())).all() for s in scored.values())
    assert scored["dci"].protocol == "dci:given-n600-n_test300-probetrees"
    assert scored["factorvae_score"].values == {"factorvae_score": 1.0}
    # the number of rows is not the number of points
    assert "n10000" in scored["betavae_score"].protocol


def test_the_forms_of_metrics():
    few = {"n_train": 900}
    by_pair = score(Z, V, ["irs", ("mig", {"bins": 9})], **few)
    by_dict = score(Z, V, {"irs": {}, "mig": {"bins": 9}}, **few)
    assert [s.values for s in by_pair.values()] == [s.values for s in by_dict.values()]
    twice = score(Z, V, ["mig", ("mig", {"bins": 9})], **few)
    assert list(twice) == ["mig:bins20-given-n900", "mig:bins9-given-n900"]


def test_the_seed_decides_and_nothing_else_does():
    fit = {"factorvae_score": {"votes": 100, "eval_votes": 50}, "sap": {}}
    once, again, other = (score(Z, V, fit, seed=s, **ROWS) for s in (1, 1, 2))
    alone = score(Z, V, ["sap"], seed=1, **ROWS)
    assert [s.values for s in once.values()] == [s.values for s in again.values()]
    assert once["sap"].values == alone["sap"].values
    assert once["sap"].values != other["sap"].values


def test_rows_are_shuffled_before_they_are_split():
    order = np.argsort(V[:, 0], kind="stable")
    assert score(Z[order], V[order], "explicitness", **ROWS)["explicitness"].values["explicitness"] > 0.9


def test_arrays_tensors_lists_and_frames_are_the_same():
    expected = score(Z, V, MIG)["mig"].values
    frame = pd.DataFrame(V, columns=["shape", "scale", "x"])
    for z, v in [
        (torch.tensor(Z, requires_grad=True), torch.tensor(V)),
        (Z.tolist(), V.tolist()),
        (pd.DataFrame(Z), frame),
    ]:
        assert score(z, v, MIG)["mig"].values == expected
    assert score(Z, frame, MIG)["mig"].factors == ("shape", "scale", "x")
    assert score(Z, V, MIG, names=["a", "b", "c"])["mig"].factors == ("a", "b", "c")


@pytest.mark.parametrize(
    "column",
    [
        V[:, 0] + 7_000_000_000,
        -V[:, 0],
        np.array(["heart", "oval", "square"])[V[:, 0]],
        np.array(["heart", "oval", "square"], dtype=object)[V[:, 0]],
        np.array([0.25, 0.5, 0.75])[V[:, 0]],
        pd.Categorical(np.array(["z", "y", "x"])[V[:, 0]], categories=["z", "y", "x"]),
    ],
)
def test_values_become_indices(column):
    frame = pd.DataFrame({"shape": column, "scale": V[:, 1], "x": V[:, 2] > 1})
    factors = factors_of(frame)
    assert factors.v.dtype == np.int64
    assert sorted(set(factors.v[:, 0])) == [0, 1, 2]
    assert factors.names == ("shape", "scale", "x")
    assert factors.binned == ()
    assert score(Z, frame, MIG)["mig"].per_factor["mig"][:2] == pytest.approx(
        score(Z, V, MIG)["mig"].per_factor["mig"][:2]
    )


def test_indices_stay_as_they_are_and_categories_keep_their_order():
    assert (factors_of(2 * V).v == 2 * V).all()
    column = pd.Categorical(["low", "high", "low"], categories=["low", "high"])
    assert factors_of(pd.DataFrame({"a": column})).v[:, 0].tolist() == [0, 1, 0]


def test_numbers_beside_strings_stay_numbers():
    rows = [["a", 0.5], ["b", 1.5], ["a", 0.5], ["b", 0.5]]
    for given in (rows, np.array(rows, dtype=object), pd.DataFrame(rows).to_numpy()):
        assert factors_of(given).v.tolist() == [[0, 0], [1, 1], [0, 0], [1, 0]]


def test_continuous_factors_are_put_in_bins_that_the_protocol_names():
    angle = RNG.random(900) ** 3
    v = pd.DataFrame({"shape": V[:, 0], "angle": angle})
    z = np.stack([V[:, 0], angle], axis=1).astype(float)
    scored = score(z, v, MIG, continuous_bins=10)["mig"]
    assert scored.protocol == "mig:bins20-given-n900-vwidth10"
    width = factors_of(v, 10)
    assert width.binned == ("angle",)
    assert np.array_equal(width.v[:, 1], np.minimum((angle - angle.min()) / np.ptp(angle) * 10, 9).astype(int))
    quantile = factors_of(v, 10, "quantile")
    assert np.bincount(quantile.v[:, 1]).tolist() == [90] * 10
    assert score(z, v, MIG, continuous_bins=10, binning="quantile")["mig"].protocol.endswith("vquantile10")
    assert score(z, v, {"sap": {"continuous": True}}, **ROWS)["sap"].per_factor["sap"][1] > 0.9


def test_an_incomplete_grid_and_a_constant_factor_are_scored():
    v = np.insert(V, 1, 3, axis=1)
    few = {"factorvae_score": {"votes": 100, "eval_votes": 50}} | MIG
    scored = score(Z, v, few)
    assert scored["factorvae_score"].values["factorvae_score"] == 1
    assert np.isnan(scored["mig"].per_factor["mig"]).tolist() == [False, True, False, False]


def test_the_table_is_given_whole_to_metrics_that_select():
    few = {"votes": 100, "eval_votes": 50}
    scored = score(Z, V, {"factorvae_score": few}, **ROWS)["factorvae_score"]
    assert scored.matrices["votes"].sum() == 100
    assert scored.values == factorvae_score(Codes(Z, V), RNG, **few).values


def frame(**columns):
    return pd.DataFrame({"shape": V[:, 0]} | columns)


WITH_NAN, MIXED, INFINITE = (np.array(V[:, 0], dtype) for dtype in (float, object, float))
WITH_NAN[4], MIXED[5], INFINITE[6] = np.nan, None, np.inf


@pytest.mark.parametrize(
    ("z", "v", "arguments", "message"),
    [
        (Z[:-1], V, {}, "z has 899 rows and v has 900"),
        (np.where(np.arange(3) == 2, np.nan, Z), V, {}, "z column 2 holds nan in row 0"),
        (Z.astype(object), V, {}, "z column 0 has dtype object, expected real numbers"),
        (pd.DataFrame({"a": ["x"] * 900}), V, {}, "z column a has dtype"),
        (Z[:, 0], V, {}, r"z has shape \(900,\), expected \(rows, columns\)"),
        ([[1.0], [2.0, 3.0]], V, {}, "z cannot be read as a table"),
        (Z, V[:0], {}, r"v has shape \(0, 3\)"),
        (Z, pd.DataFrame(index=range(900)), {}, r"v has shape \(900, 0\)"),
        (Z, frame(tilt=WITH_NAN), {}, "v column tilt holds nan in row 4"),
        (Z, frame(tilt=INFINITE), {}, "v column tilt holds inf in row 6"),
        (Z, frame(tilt=MIXED), {}, "v column tilt holds None in row 5, expected strings alone, or numbers alone"),
        (Z, frame(day=pd.Timestamp(2020, 1, 1)), {}, "v column day has dtype datetime64"),
        (Z, V * 0, {}, "mig: v is constant in all 3 columns"),
        (Z, V, {"n_train": 901}, r"z has 900 rows, mig needs n_train 901: pass n_train=900 or fewer"),
        (
            Z,
            V,
            {"metrics": ["sap"], "n_train": 800, "n_test": 200},
            "sap needs n_train 800 .* n_train=600, n_test=300 or",
        ),
        (Z, V, {"metrics": {"sap": {"n_train": 900}}}, "sap needs n_train 900 .* n_train=600, n_test=300 or fewer"),
        (Z, V, {"n_train": 0}, "n_train is 0, expected at least 1"),
        (
            Z[:, :1],
            V[:, :1],
            {"metrics": ["infomec", "sap"], "n_train": None},
            "infomec: v has 1 column.*; sap: z has 1 column",
        ),
        (Z, V, {"metrics": {"mig": {"bins": 901}}}, "mig: bins is 901, more than the 900 rows"),
        (Z, V, {"metrics": ["mgi"]}, r"unknown metric 'mgi': choose from .*mig.* \(did you mean mig\?\)"),
        (Z, V, {"metrics": {"mig": {"bin": 4}}}, r"unknown argument of mig 'bin': .* \(did you mean bins\?\)"),
        (Z, frame(tilt=Z[:, 0]), {"continuous_bins": 901}, "continuous_bins is 901, expected 2 to 900"),
        (Z, V, {"binning": "equal"}, "binning is 'equal', expected width or quantile"),
        (Z, V, {"names": ["a"]}, r"names has 1 entries \(a\), v has 3 columns"),
        (Z, V, {"seed": -1}, "seed is -1"),
    ],
)
def test_mistakes_are_one_line_that_names_them(z, v, arguments, message):
    with pytest.raises(MetricError, match=message) as error:
        score(z, v, **{"metrics": ["mig"], "n_train": 900} | arguments)
    assert "\n" not in str(error.value)


def test_a_metric_that_does_not_say_how_many_rows_it_reads_is_refused(monkeypatch):
    def odd(sample, rng, *, bins: int = 3):
        raise AssertionError

    monkeypatch.setattr("metrics._registry.load", lambda name: odd)
    with pytest.raises(MetricError, match=r"^odd reads a sample and has no argument n_train; [^\n]*$"):
        score(Z, V, metrics=["odd"])


def test_default_rows_fit_the_rows_there_are():
    protocols = {name: s.protocol for name, s in score(Z, V, ["mig", "explicitness"]).items()}
    assert protocols == {"mig": "mig:bins20-given-n900", "explicitness": "explicitness:given-n600-n_test300-penalty1.0"}
    assert "n700-n_test200" in score(Z, V, "explicitness", n_train=700)["explicitness"].protocol
    assert "n500-n_test400" in score(Z, V, "explicitness", n_test=400)["explicitness"].protocol
    assert "n100-n_test50" in score(Z, V, "explicitness", n_train=100, n_test=50)["explicitness"].protocol
    assert fitted({"n_train": 10_000, "n_test": 5_000}, (), 20_000) == {"n_train": 10_000, "n_test": 5_000}


def test_what_cannot_be_scored_is_skipped_with_its_reason():
    scored = score(Z, V[:, :1], ["mig", "infomec", "modularity"])
    assert scored["mig"].values["mig"] > 0.5
    assert scored["mig"].skipped == ""
    for name in ("infomec", "modularity"):
        assert scored[name].values == {}
        assert scored[name].skipped == f"v has 1 column(s), expected at least 2: {name} compares factors that vary"
    assert score(Z[:, :1], V, ["mig", "sap"])["sap"].skipped.startswith("z has 1 column(s)")


def test_metrics_that_hold_a_factor_fixed_need_rows_that_share_its_value():
    each = np.arange(900)[:, None]
    scored = score(Z, np.concatenate([V, each], axis=1), ["mig", "factorvae_score"], names=["a", "b", "c", "id"])
    assert scored["factorvae_score"].skipped == "it holds a factor's value fixed, and too few rows share one of id"


def test_strings_and_plain_categories_have_no_order():
    names = np.array(["heart", "oval", "square"])[V[:, 0]]
    for column in (names, pd.Categorical(names), names.astype(object)):
        scored = score(Z, pd.DataFrame({"shape": column, "scale": V[:, 1]}), ["mig", "mcc"])
        assert np.isnan(scored["mcc"].per_factor["mcc_pearson"]).tolist() == [True, False]
        assert np.isfinite(scored["mig"].per_factor["mig"]).all()
        alone = score(Z, pd.DataFrame({"shape": column}), ["mig", "mcc"])
        assert alone["mcc"].skipped == "no factor that varies has values in an order"
    ordered = pd.Categorical(names, categories=["heart", "oval", "square"], ordered=True)
    assert factors_of(pd.DataFrame({"shape": ordered, "scale": V[:, 1]})).kinds == ()


def test_what_decides_a_score_beside_the_codes_is_noted():
    small, far = 0.04 * Z / Z.std(axis=0), (Z + 1e9).astype(np.float32)
    few = {"factorvae_score": {"votes": 100, "eval_votes": 50}} | MIG
    assert "3 of 3 dimensions are left out" in score(small, V, few)["factorvae_score"].notes[0]
    assert score(Z, V, few)["factorvae_score"].notes == ()
    (note,) = score(far + (64 * V).astype(np.float32), V, few)["mig"].notes
    assert re.fullmatch(r"3 of 3 dimensions are so far from 0 that float32 .* subtract the mean .*", note)
