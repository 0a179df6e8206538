"""dSprites rendered and from a file, on a small grid; the whole set only where BENCH_SLOW_TESTS is set."""

import dataclasses
import functools
import hashlib
import os
import zipfile

import numpy as np
import originals
import pytest

from bench import datasets
from bench.data import dsprites as module
from bench.data._render.sprites import Scene
from bench.data.dsprites import Comparison, compare, dsprites
from bench.errors import BenchError

SMALL = Scene(64, np.array([0.5, 1.0]), np.linspace(0.0, 2.0 * np.pi, 4), np.linspace(0.0, 1.0, 10), 3)  # 2,400
PACKED = np.concatenate(list(SMALL.blocks()))
SHA256 = hashlib.sha256(PACKED.data).hexdigest()
ORIGINAL = module.NPZ
refused = functools.partial(originals.refused, dsprites)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The cache directory, with the grid made small."""
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "SCENE", SMALL)
    monkeypatch.setattr(module, "SHA256", SHA256)
    return tmp_path / "cache"


@pytest.fixture
def images():
    return np.unpackbits(PACKED, axis=1).reshape(-1, 64, 64)


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Writes a file laid out as the original, and has its md5 taken for the original's."""

    def write(images, name="imgs", **others):
        path = tmp_path / "source.npz"
        np.savez_compressed(path, **{name: images}, **others)
        accept(path, monkeypatch)
        return path

    return write


def accept(path, monkeypatch):
    found = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(module, "NPZ", dataclasses.replace(module.NPZ, hash=f"md5:{found}"))


def test_images_are_rendered_as_asked_for_until_they_are_in_the_cache(folder, images):
    data, index = dsprites(), np.array([2399, 0, 17, 17])
    np.testing.assert_array_equal(data.x(index)[:, 0], images[index])
    np.testing.assert_array_equal(data.observations[-1], PACKED[-1])
    assert (len(data), data.sha256, folder.exists()) == (2400, SHA256, False)
    data.observations.make()
    assert isinstance(dsprites().observations, np.memmap)


def test_loading_writes_images_into_the_cache_unless_told_not_to(folder):
    datasets._dataset.cache_clear()
    spec = datasets.data_spec("dsprites", {})
    datasets.load_dataset(spec, write=False)
    assert (spec.sha256, folder.exists()) == (SHA256, False)
    assert isinstance(datasets.load_dataset(spec).observations, np.memmap)
    assert datasets.unmade(spec) is None
    datasets._dataset.cache_clear()


def made():
    """The data set from the cache."""
    dsprites().observations.make()
    return dsprites()


@pytest.mark.usefixtures("folder")
def test_a_data_set_of_factors_and_packed_images(images):
    data = made()
    assert (data.names, data.sizes) == (("shape", "scale", "orientation", "posX", "posY"), (3, 2, 4, 10, 10))
    assert (data.shape, data.kind, data.likelihood, data.packed) == ((1, 64, 64), "image", "bernoulli", True)
    assert (data.observations.shape, data.observations.dtype, len(data)) == ((2400, 512), np.uint8, 2400)
    assert (data.v.shape, data.v.dtype) == ((2400, 5), np.uint8)
    assert data.sha256 == SHA256
    index = np.array([2399, 0, 17, 17])
    np.testing.assert_array_equal(data.x(index)[:, 0], images[index])
    np.testing.assert_array_equal(SMALL.render(data.v[index]), images[index])


def test_a_file_with_the_same_images_is_the_same_data_set(folder, save, images):
    source = save(images, metadata=np.array({"title": "a pickle, which is never read"}, dtype=object))
    for _ in range(2):
        data = dsprites(source=source)
        np.testing.assert_array_equal(data.observations, PACKED)
        assert data.sha256 == SHA256
    made()
    assert len(list(folder.glob("*.npy"))) == 2


def test_a_file_with_other_images_has_another_sha256(folder, save, images):
    images[5, 30, 30] ^= 1
    data = dsprites(source=save(images))
    np.testing.assert_array_equal(data.x(np.array([5]))[0, 0], images[5])
    assert data.sha256 not in (SHA256, dsprites().sha256)
    assert len(list(folder.glob("*.seal.json"))) == 1


def test_a_file_is_read_once(folder, save, images, monkeypatch):
    source = save(images)
    dsprites(source=source)
    monkeypatch.setattr(module, "_file_blocks", lambda _: pytest.fail("read again"))
    dsprites(source=source)


@pytest.mark.usefixtures("folder")
def test_another_file_is_refused_by_its_md5(save, images, monkeypatch):
    source = save(images)
    monkeypatch.setattr(module, "NPZ", ORIGINAL)
    got = hashlib.md5(source.read_bytes()).hexdigest()
    assert f"expected md5 7da33b31b13a06f4b04a70402ce90c2e, got {got}" in refused(source)


@pytest.mark.usefixtures("folder")
def test_what_is_no_file_is_refused(tmp_path):
    assert "no file" in refused(tmp_path / "missing.npz")
    assert "is not a file" in refused(tmp_path)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(5000), b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_archive_is_refused(tmp_path, content):
    path = tmp_path / "source.npz"
    path.write_bytes(content)
    assert "cannot be read as a .npz file" in refused(path)


@pytest.mark.usefixtures("folder")
def test_a_truncated_file_is_refused(save, images):
    source = save(images)
    os.truncate(source, source.stat().st_size // 2)
    assert "cannot be read as a .npz file" in refused(source)


@pytest.mark.usefixtures("folder")
def test_a_file_without_images_is_refused(save, images):
    assert "has no array 'imgs', only ['images.npy']" in refused(save(images, name="images"))


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[:-1],
        lambda x: x.reshape(-1, 4096),
        lambda x: x.astype(bool),
        lambda x: np.asfortranarray(x),
        lambda x: np.array([None]),
    ],
    ids=["short", "flat", "bool", "Fortran", "object"],
)
def test_images_of_another_layout_are_refused(save, images, change):
    assert "expected (2400, 64, 64) uint8 in C order" in refused(save(change(images)))


def test_pixels_other_than_0_and_1_are_refused(folder, save, images):
    images[-1, 0, 0] = 255
    assert "pixels of value 255, expected 0 and 1" in refused(save(images))
    assert not list(folder.glob("*.npy"))


def test_a_damaged_image_is_refused(folder, save, images, monkeypatch):
    source = save(images)
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 0xFF
    source.write_bytes(content)
    accept(source, monkeypatch)
    assert "cannot be read as a .npz file" in refused(source)
    assert not list(folder.glob("*.npy"))


@pytest.mark.usefixtures("folder")
def test_an_array_shorter_than_its_header_says_is_refused(tmp_path, images, monkeypatch):
    source = tmp_path / "source.npz"
    with zipfile.ZipFile(source, "w") as archive, archive.open("imgs.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": images.shape})
        file.write(images[:1500].data)
    accept(source, monkeypatch)
    assert "ends within image 1500 of 2400" in refused(source)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("at", range(0, 128, 3))
def test_a_damaged_header_is_refused(tmp_path, images, at):
    source = tmp_path / "source.npz"
    np.savez(source, imgs=images)
    content = bytearray(source.read_bytes())
    content[content.index(b"\x93NUMPY") + at] ^= 0x15
    source.write_bytes(content)
    refused(source)


@pytest.mark.usefixtures("folder")
def test_compare_counts_what_differs(save, images, monkeypatch):
    lit = int(images.sum())
    assert compare(save(images)) == Comparison(2400, 0, 0, lit, lit, original=True)
    images[3, 0, :4] = 1
    images[2000, 63, 63] = 1
    source = save(images)
    monkeypatch.setattr(module, "NPZ", ORIGINAL)
    assert compare(source) == Comparison(2400, 2, 5, lit, lit + 5, original=False)


@pytest.mark.usefixtures("folder")
def test_compare_refuses_what_it_cannot_read(tmp_path):
    with pytest.raises(BenchError, match="source: no file"):
        compare(tmp_path / "missing.npz")


@pytest.mark.skipif(
    os.environ.get("BENCH_SLOW_TESTS") != "1", reason="renders all of dSprites (360 MiB): set BENCH_SLOW_TESTS=1"
)
def test_the_whole_set_is_that_of_record(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    data = made()
    assert data.sha256 == hashlib.sha256(data.observations.data).hexdigest()
    assert data.sha256 == "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"
    lit = np.bitwise_count(data.observations).sum(axis=1).reshape(3, -1).sum(axis=1)
    np.testing.assert_array_equal(lit, [53_612_886, 42_070_950, 32_645_028])  # 128,328,864
    whole = hashlib.sha256()
    for start in range(0, len(data), 4096):
        whole.update(np.unpackbits(data.observations[start : start + 4096]).data)
    assert whole.hexdigest() == "2c612e5234d21c2b576c375ebe1faa1b363ab97d340164c5d2dcf27f35dd5eb6"
