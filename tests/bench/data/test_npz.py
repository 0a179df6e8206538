"""Arrays of a user's own, and data sets that were exported."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from own import refused, squares
from PIL import Image

from bench.data._files import export as module
from bench.data._files import read
from bench.data.image_folder import image_folder
from bench.data.npz import npz
from bench.datasets import data_spec, load_dataset

RNG = np.random.default_rng(0)
V = np.stack(np.unravel_index(np.arange(24), (4, 3, 2)), axis=1)
GREY = RNG.integers(256, size=(24, 32, 32), dtype=np.uint8)
EVERY = np.arange(24)
CASES = Path(__file__).parents[2] / "data/own"


pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.parametrize("name", ["sprites32", "waveforms", "sentences", "mixed_sources"])
def test_an_export_is_read_as_the_data_set_that_it_was(name, tmp_path):
    data = load_dataset(data_spec(name, {}))
    module.export(data, tmp_path / "out.npz")
    again = npz(source=tmp_path / "out.npz")
    for fact in ("names", "sizes", "shape", "kind", "likelihood", "sampled", "unordered", "binned"):
        assert getattr(again, fact) == getattr(data, fact), fact
    np.testing.assert_array_equal(again.v, data.v)
    rows = np.linspace(0, len(data) - 1, 500).astype(int)
    np.testing.assert_array_equal(again.x(rows), data.x(rows))


def test_an_export_of_a_sample_is_the_same_to_the_bit(saved, tmp_path):
    """Missing values, unordered and continuous factors; sha256 does not depend on where they are read from."""
    v = V.astype(object)
    v[::5, 0] = np.nan
    text = np.where(V[:, :1] == 0, "", np.array(["", "a", "b", "c"])[V[:, :1]])
    number = np.where(EVERY % 7, RNG.random(24), np.nan)
    table = np.column_stack([text, V[:, 1].astype(str), number.astype(str)])
    data = npz(source=saved(v=table, names=np.array(["text", "whole", "number"])), categorical="whole", bins=5)
    assert (data.sizes, data.unordered, data.binned) == ((3, 3, 5), ("text", "whole"), "vwidth5")
    module.export(data, tmp_path / "out.npz")
    again = npz(source=tmp_path / "out.npz")
    assert again.sha256 == data.sha256
    np.testing.assert_array_equal(again.v, data.v)
    np.testing.assert_array_equal(again.numbers["number"], number)
    assert (again.unordered, again.binned, again.sampled) == (data.unordered, data.binned, True)
    fewer = npz(source=tmp_path / "out.npz", factors="whole,text")
    assert (fewer.names, fewer.unordered, fewer.binned) == (("whole", "text"), ("whole", "text"), "")


def test_a_folder_of_images_is_the_same_data_when_exported(tmp_path):
    data = image_folder(source=squares(tmp_path / "mine", mode="RGB"))
    module.export(data, tmp_path / "out.npz")
    assert npz(source=tmp_path / "out.npz").sha256 == data.sha256


@pytest.mark.parametrize(
    ("x", "shape"),
    [
        (GREY, (1, 32, 32)),
        (GREY[:, None], (1, 32, 32)),
        (np.repeat(GREY[..., None], 3, -1), (3, 32, 32)),
        (np.repeat(GREY[:, None], 3, 1), (3, 32, 32)),
        (GREY / 255, (1, 32, 32)),
        ((GREY / 255).astype(">f4"), (1, 32, 32)),
        (GREY > 100, (1, 32, 32)),
        ((GREY > 100).astype(np.uint8), (1, 32, 32)),
    ],
    ids=["grey", "channel", "channels last", "channels first", "float64", "big-endian", "bool", "0 and 1"],
)
def test_images(saved, x, shape):
    data = npz(source=saved(x=x))
    assert (data.shape, data.kind, data.likelihood) == (shape, "image", "bernoulli")
    assert (data.names, data.sizes, data.sampled) == (("factor1", "factor2", "factor3"), (4, 3, 2), False)
    expected = (GREY > 100) * np.float32(1) if x.max() == 1 and x.dtype.kind in "bu" else GREY / np.float32(255)
    np.testing.assert_allclose(data.x(EVERY), np.broadcast_to(expected[:, None], (24, *shape)), rtol=1e-6)


@pytest.mark.parametrize("scale", [1, 1 / 255])
def test_images_are_resampled_if_asked(saved, scale):
    ramp = np.linspace(20, 230, 48)
    x = np.stack([ramp + 0 * ramp[:, None], ramp[:, None] + 0 * ramp, ramp[::-1] + 0 * ramp[:, None]]).astype(np.uint8)
    x = np.repeat(x[None], 24, axis=0)
    data = npz(source=saved(x=x if scale == 1 else x * scale), size=32)
    assert data.shape == (3, 32, 32)
    expected = np.asarray(Image.fromarray(np.moveaxis(x[5], 0, 2)).resize((32, 32), Image.Resampling.LANCZOS))
    np.testing.assert_allclose(data.x(EVERY)[5] * 255, np.moveaxis(expected, 2, 0), atol=1)


def test_features_and_sequences(saved):
    x = RNG.normal([5, -2], [3, 0.1], (24, 2)).astype(np.float16)
    data = npz(source=saved(x=x))
    assert (data.kind, data.shape, data.likelihood) == ("vector", (2,), "gaussian")
    np.testing.assert_array_equal(data.x(EVERY), x.astype(np.float32))
    scaled = npz(source=saved(x=x), standardise=True, noise=0.5).x(EVERY)
    np.testing.assert_allclose((scaled.mean(0), scaled.std(0)), [(0, 0), (2, 2)], atol=1e-3)
    waves = RNG.normal([[5], [-2]], [[3], [0.1]], (24, 2, 40))
    data = npz(source=saved(x=waves), standardise=True)
    assert (data.kind, data.shape) == ("sequence", (2, 40))
    np.testing.assert_allclose(data.x(EVERY).mean(axis=(0, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(data.x(EVERY).std(axis=(0, 2)), 1, atol=1e-6)
    np.testing.assert_allclose(np.diff(data.x(EVERY)[0, 0]) * waves[:, 0].std(), np.diff(waves[0, 0]), atol=1e-5)
    assert npz(source=saved(x=GREY / 255), kind="sequence").shape == (32, 32)


def test_arrays_of_other_names(saved):
    path = saved(imgs=GREY, latents=np.column_stack([np.zeros(24), V]), names=np.array(["colour", "a", "b", "c"]))
    data = npz(source=path, x="imgs", v="latents", factors="c,a")
    assert (data.names, data.sizes) == (("c", "a"), (2, 4))
    assert "column 'colour' has one value, 0.0, in all rows" in refused(npz, path, v="latents")


def test_blocks_do_not_show(saved, monkeypatch):
    x = RNG.normal(size=(24, 5))
    whole = npz(source=saved(x=x), standardise=True).x(EVERY)
    monkeypatch.setattr(read, "NPZ_BLOCK", 5 * 8 * 7)
    np.testing.assert_allclose(npz(source=saved(x=x, other=0), standardise=True).x(EVERY), whole, rtol=1e-5, atol=1e-6)


def test_what_is_kept_is_mapped_and_read_once(saved, capfd):
    path = saved()
    first, again = npz(source=path), npz(source=path)
    assert capfd.readouterr().err.count("Reading") == 1
    assert first.sha256 == again.sha256
    assert isinstance(again.observations, np.memmap)
    assert not again.observations.flags.writeable


NANS, FAR = GREY / 255, GREY / 255
NANS[3, 4, 5] = np.nan
FAR[20, 1, 1] = 1.5
ONE_HOT = np.eye(4)[RNG.integers(4, size=(24, 6))].swapaxes(1, 2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"v": V[:20]}, "array 'x' has 24 rows, 'v' has 20"),
        ({"x": NANS}, "array 'x' holds nan in row 3 (the first is 0): expected a finite number"),
        ({"x": FAR}, "array 'x' holds 1.5 in row 20 (the first is 0): expected a number from 0 to 1"),
        ({"x": GREY * 1.0}, "in row 0 (the first is 0): expected a number from 0 to 1"),
        ({"x": GREY.astype(int)}, "array 'x' is of int64: expected uint8 or floats"),
        ({"x": np.array([{}] * 24)}, "array 'x' holds pickled objects, which are never loaded"),
        ({"v": np.array([["a", 1]] * 24, object)}, "array 'v' holds pickled objects, which are never loaded"),
        ({"x": np.asfortranarray(GREY)}, "array 'x' is in Fortran order: save np.ascontiguousarray of it"),
        ({"x": GREY[:, :31, :31][:, None]}, "array 'x' holds images, of which each is 31 x 31: expected 32 x 32"),
        ({"x": GREY[:, :16][:, None]}, "array 'x' holds images, of which each is 32 x 16: expected a square"),
        ({"x": GREY[:, None, None]}, "array 'x' has shape (24, 1, 1, 32, 32): expected images (N, H, W)"),
        ({"x": np.zeros((24, 2, 32, 32))}, "array 'x' has shape (24, 2, 32, 32)"),
        ({"x": np.arange(24.0)}, "array 'x' has shape (24,): expected a row for each observation"),
        ({"x": GREY[:0]}, "array 'x' has shape (0, 32, 32): expected a row for each observation"),
        ({"v": V[:, :, None]}, "array 'v' is int64 of shape (24, 3, 1): expected numbers or texts, (N, K)"),
        ({"v": V * 1j}, "array 'v' is complex128 of shape (24, 3): expected numbers or texts, (N, K)"),
        ({"v": np.where(V == 3, np.inf, V)}, "column 'factor1', row 18 (the first is 0) is inf: expected a finite"),
        ({"v": V * [1, 0, 1]}, "column 'factor2' has one value, 0.0, in all rows"),
        ({"names": np.array(["a", "b"])}, "array 'names' has 2 names, 'v' has 3 columns"),
        ({"names": np.array(["a", "b", "a"])}, "names 1 and 3 are both named 'a'"),
        ({"names": np.array(["a", "", "c"])}, "name 2 has no name"),
        ({"names": np.arange(3)}, "array 'names' is int64 of shape (3,): expected texts"),
        ({"sizes": np.array([4, 3])}, "array 'sizes' is int64 of shape (2,): expected a size of each factor"),
        ({"sizes": np.array([4, 2, 2])}, "column 'factor2', row 4 (the first is 0) is 2: expected -1 to 1"),
        ({"sizes": np.array([4, 3, 2]), "v": V * [1, 0, 1]}, "column 'factor2' has fewer than two values"),
        (
            {"sizes": np.array([4, 3, 2]), "continuous": np.array(["factor1"]), "numbers": V * 1.0},
            "array 'numbers' has",
        ),
        (
            {"sizes": np.array([4, 3, 2]), "continuous": np.array(["factor1"]), "numbers": V[:, :1] * 1.0},
            "array 'binned' is missing: expected a word such as vwidth20",
        ),
        ({"x": GREY[:, :28, :28]}, "has shape (24, 28, 28): of images expected 32 x 32 or 64 x 64, or size=32"),
        ({"likelihood": np.array("poisson")}, "array 'likelihood' is 'poisson': expected one of bernoulli"),
        ({"kind": np.array("movie")}, "array 'kind' is 'movie': expected one of image, vector, sequence"),
        ({"x": ONE_HOT + 0.1, "likelihood": np.array("categorical")}, "expected one 1 and else 0 at each place"),
        (
            {"x": ONE_HOT * 2, "likelihood": np.array("bernoulli")},
            "holds 2 in row 0 (the first is 0): expected a number",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_line(saved, arrays, message, tmp_path):
    path = saved(**arrays)
    line = refused(npz, path)
    assert line.startswith(f"source: {path}: ")
    assert message in line
    assert not list(tmp_path.glob("cache/*.npy"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "images"}, "source: {} has no array 'images', only ['x.npy', 'v.npy']"),
        ({"v": "labels"}, "source: {} has no array 'labels'"),
        ({"factors": "a"}, "npz.factors: no column 'a': choose from factor1, factor2, factor3"),
        ({"kind": "movie"}, "npz.kind=movie: expected image, vector, sequence, or nothing"),
        ({"kind": "vector"}, "source: {}: array 'x' has shape (24, 32, 32), which is no vector: expected images"),
        ({"size": 48}, "npz.size=48: expected 32 or 64, or 0 to take images as they are"),
        ({"size": 32, "kind": "sequence"}, "npz.size=32: for images, and 'x' holds sequences"),
        ({"fit": "crop", "kind": "sequence"}, "npz.fit=crop: for images, and 'x' holds sequences"),
        ({"fit": "cut"}, "npz.fit=cut: expected crop, resize, pad, or nothing"),
        ({"noise": -1.0}, "npz.noise=-1.0: expected a finite number above 0"),
        ({"standardise": True}, "npz.standardise, npz.noise: for features and sequences, and 'x' holds images"),
    ],
)
def test_mistakes(saved, arguments, message):
    path = saved()
    assert refused(npz, path, **arguments).startswith(message.format(path))


def test_roles_of_indices_are_refused(saved):
    line = refused(npz, saved(sizes=np.array([4, 3, 2])), categorical="factor1")
    assert line == "npz.categorical=factor1: the file's sizes say that its factors are indices of values"


@pytest.mark.parametrize("size", [7, 300])
def test_an_array_of_another_length_than_its_header_says(saved, tmp_path, size):
    path = tmp_path / "odd.npz"
    with zipfile.ZipFile(saved()) as whole, zipfile.ZipFile(path, "w") as odd:
        odd.writestr("x.npy", whole.read("x.npy"))
        head = whole.read("v.npy")[:128]
        odd.writestr("v.npy", head + bytes(8 * size))
    assert "array 'v' has not the 576 bytes that its header says" in refused(npz, path)


def test_files_that_are_none(tmp_path, saved):
    assert refused(npz, tmp_path / "none.npz").startswith("source: no file ")
    assert refused(npz, tmp_path).endswith(" is not a file")
    text, cut = tmp_path / "text.npz", saved()
    damaged = saved(x=RNG.integers(256, size=(24, 64, 64), dtype=np.uint8))
    text.write_text("no")
    cut.write_bytes(cut.read_bytes()[:-200])
    content = damaged.read_bytes()
    damaged.write_bytes(content[:2000] + bytes(100) + content[2100:])
    for path in (text, cut, damaged):
        assert "cannot be read as a .npz file: " in refused(npz, path)
