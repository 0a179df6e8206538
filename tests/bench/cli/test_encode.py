"""bench encode: codes of data, as bench score reads them."""

import numpy as np
import pytest
from PIL import Image

from bench.cli.encode import reader
from bench.store.store import Store


@pytest.fixture
def vae(four_runs):
    """The folder of a VAE trained on the toy data set, and its store."""
    store = Store(four_runs)
    return store.root / next(record.key for record in store if record.spec.method == "vae"), store


def test_codes_are_those_of_the_run_and_can_be_scored(bench, vae, tmp_path):
    folder, store = vae
    code, out, err = bench("encode", folder.name[:12], "toy", "--to", "codes.npz", "--results", store.root)
    assert (code, err) == (0, "")
    assert out.splitlines() == ["codes.npz: 24 codes of toy, 3 dimensions", "factors: bright, y, x"]
    stored = store.posterior(folder.name)
    with np.load(tmp_path / "codes.npz") as held:
        assert list(held) == ["z", "logvar", "v", "names"]
        np.testing.assert_allclose(held["z"][stored["index"]], stored["mu"], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(held["logvar"][stored["index"]], stored["logvar"], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(held["v"][stored["index"]], stored["v"])
    assert bench("score", "codes.npz", "--metrics", "mig", "--n-train", 24)[0] == 0
    code, _, err = bench("encode", folder, "toy", "--to", "codes.npz")
    assert (code, "to=codes.npz: is there already" in err) == (2, True)


def test_a_factor_that_is_not_known_is_nan(bench, vae, tmp_path):
    code, out, _ = bench("encode", vae[0], "snapshots", "--to", "codes.npz")
    assert (code, out.splitlines()[-1]) == (0, "of 80 rows a factor is not known: nan in v, which score refuses")
    with np.load(tmp_path / "codes.npz") as held:
        assert np.isnan(held["v"]).any(axis=1).sum() == 80


def test_observations_of_another_shape_are_refused(bench, vae, tmp_path):
    (tmp_path / "mine").mkdir()
    Image.new("L", (32, 32)).save(tmp_path / "mine" / "a.png")
    code, _, err = bench("encode", vae[0], "mine", "--to", "codes.npz")
    assert code == 2
    assert f"run={vae[0]}: its weights are not for observations 1 x 32 x 32" in err


@pytest.mark.parametrize(("data", "name"), [("x.npz", "npz"), ("x.TSV", "table"), (".", "image_folder")])
def test_a_path_says_what_reads_it(data, name):
    assert reader(data) == (name, (f"{name}.source={data}",))
    assert reader("toy") == ("toy", ())
