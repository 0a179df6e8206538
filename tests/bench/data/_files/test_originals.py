"""Loaders of published files, on small files in the exact formats; the grids are made small to match."""

import dataclasses
import hashlib
import io
import os
import sys
import tarfile

import h5py
import numpy as np
import pytest
import scipy.io
from originals import accept, images, patched, refused, tar
from PIL import Image

from bench.data import _mpi3d
from bench.data import dsprites as dsprites_module
from bench.data._files import read
from bench.data._render.sprites import Scene
from bench.errors import BenchError

GRID = (2, 1, 1, 3, 2, 2)  # of shapes3d: 24 images


pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def shapes3d(tmp_path, monkeypatch):
    """shapes3d on a grid of 24, and what writes an .h5 file that it takes."""
    module = patched(monkeypatch, "shapes3d", images=24, sizes=GRID)

    def write(x, key="images", chunks=(10, 16, 16, 1)):
        path = tmp_path / "3dshapes.h5"
        with h5py.File(path, "w") as file:
            file.create_dataset(key, data=x, chunks=chunks, compression="gzip")
            file.create_dataset("labels", data=np.zeros((len(x), 6)))
        accept(monkeypatch, module, path)
        return path

    return lambda **arguments: module.shapes3d(**arguments), write


def test_shapes3d(shapes3d):
    load, write = shapes3d
    x = images(24)
    data = load(source=write(x))
    assert (data.sizes, data.shape, data.likelihood, len(data)) == (GRID, (3, 64, 64), "bernoulli", 24)
    assert data.names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    index = np.array([23, 0, 5])
    np.testing.assert_allclose(data.x(index), x[index].transpose(0, 3, 1, 2) / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.v[[1, 2, 23]], [[0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 0], [1, 0, 0, 2, 1, 1]])
    assert isinstance(data.observations, np.memmap)
    assert data.sha256 == hashlib.sha256(np.ascontiguousarray(x.transpose(0, 3, 1, 2)).data).hexdigest()


def test_what_was_read_needs_its_file_no_longer(shapes3d, monkeypatch):
    load, write = shapes3d
    path = write(images(24))
    first = load(source=path)
    path.unlink()
    monkeypatch.setattr(read, "blocks", lambda *_: pytest.fail("read again"))
    assert load().sha256 == first.sha256
    assert "no file" in refused(load, path)


def test_a_missing_original_is_told_with_the_way_to_it(shapes3d, cache):
    with pytest.raises(BenchError, match="python -m bench data fetch shapes3d") as caught:
        shapes3d[0]()
    assert str(cache / "originals" / "shapes3d" / "3dshapes.h5") in str(caught.value)
    assert "https://storage.googleapis.com/3d-shapes/3dshapes.h5" in str(caught.value)


def test_another_h5_file_is_refused(shapes3d, tmp_path):
    load, write = shapes3d
    path = write(images(24))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert "is not the published 3dshapes.h5: expected sha256" in refused(load, path)
    os.truncate(path, 5000)
    assert "it has 5000 bytes, expected" in refused(load, path)


@pytest.mark.parametrize("change", [lambda x: x[:-1], lambda x: x[..., :1], lambda x: x.astype(np.int16)])
def test_h5_images_of_another_layout_are_refused(shapes3d, change):
    load, write = shapes3d
    assert "expected (24, 64, 64, 3) uint8" in refused(load, write(change(images(24)), chunks=None))
    assert "has no array 'images', only ['labels', 'pictures']" in refused(load, write(images(24), key="pictures"))


def test_a_truncated_h5_file_is_refused(shapes3d, monkeypatch, cache):
    load, write = shapes3d
    path = write(images(24))
    os.truncate(path, path.stat().st_size // 2)
    accept(monkeypatch, sys.modules["bench.data.shapes3d"], path)
    assert "cannot be read as a .hdf5 file" in refused(load, path)
    assert not list(cache.glob("*.npy"))


@pytest.mark.parametrize("limit", [2**29, 3 * 64 * 64 * 3])
def test_h5_chunks_are_read_whole_or_in_parts(shapes3d, monkeypatch, limit):
    load, write = shapes3d
    monkeypatch.setattr(read, "HDF5_BLOCK", limit)
    x = images(24, seed=limit)
    np.testing.assert_array_equal(load(source=write(x)).observations[:], x.transpose(0, 3, 1, 2).reshape(24, -1))


def test_dsprites_from_hdf5(tmp_path, monkeypatch):
    scene = Scene(64, np.array([0.5, 1.0]), np.linspace(0.0, 2.0 * np.pi, 4), np.linspace(0.0, 1.0, 10), 3)
    monkeypatch.setattr(dsprites_module, "SCENE", scene)
    packed = np.concatenate(list(scene.blocks()))
    path = tmp_path / f"{dsprites_module.FILE}.hdf5"
    with h5py.File(path, "w") as file:
        x = np.unpackbits(packed, axis=1).reshape(-1, 64, 64)
        file.create_dataset("imgs", data=x, chunks=(1500, 2, 4), compression="gzip")
    assert "is not the published" in refused(dsprites_module.dsprites, path)
    found = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    monkeypatch.setattr(
        dsprites_module, "HDF5", dataclasses.replace(dsprites_module.HDF5, hash=found, size=path.stat().st_size)
    )
    data = dsprites_module.dsprites(source=path)
    np.testing.assert_array_equal(data.observations, packed)
    assert data.sha256 == hashlib.sha256(packed.data).hexdigest()
    assert dsprites_module.compare(path)[:3] == (2400, 0, 0)


@pytest.fixture(params=["mpi3d_toy", "mpi3d_realistic", "mpi3d_real"])
def mpi3d(request, tmp_path, monkeypatch):
    """One of the three with grids of 24 and of 8, and what writes an .npz file; the published one with `accepted`."""
    monkeypatch.setattr(_mpi3d, "SIZES", (2, 3, 1, 1, 1, 2, 2))
    monkeypatch.setattr(_mpi3d, "SMALLER", (2, 1, 1, 1, 1, 2, 2))
    module = patched(monkeypatch, request.param, images=24, sizes=(2, 3, 1, 1, 1, 2, 2))

    def write(x, accepted=True, key="images"):
        path = tmp_path / f"{request.param}.npz"
        np.savez_compressed(path, **{key: x})
        if accepted:
            accept(monkeypatch, module, path)
        return path

    return lambda **arguments: getattr(module, request.param)(**arguments), write


@pytest.mark.parametrize(("n", "accepted"), [(24, True), (8, False)])
def test_mpi3d_of_both_sizes(mpi3d, n, accepted):
    load, write = mpi3d
    x = images(n)
    data = load(source=write(x, accepted))
    assert (len(data), data.sizes) == (n, (2, n // 8, 1, 1, 1, 2, 2))
    assert data.names[0] == "object_color"
    index = np.array([n - 1, 0])
    np.testing.assert_allclose(data.x(index), x[index].transpose(0, 3, 1, 2) / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.v[:3, -2:], [[0, 0], [0, 1], [1, 0]])
    assert isinstance(data.observations, np.memmap)


def test_mpi3d_refuses_other_files(mpi3d):
    load, write = mpi3d
    assert "is not the published" in refused(load, write(images(24), accepted=False))
    assert "expected (N, 64, 64, 3) with N 24 or 8" in refused(load, write(images(23)))
    assert "has no array 'images'" in refused(load, write(images(24), key="x"))
    path = write(images(8), accepted=False)
    os.truncate(path, path.stat().st_size // 2)
    assert "cannot be read as a .npz file" in refused(load, path)


CARS = (2, 3, 2)  # elevation, azimuth, object type


def mesh(seed):
    """A car of random grey areas, 128 x 128, and its .mat file."""
    im = np.random.default_rng(seed).integers(256, size=(128, 128, 3, CARS[1], CARS[0]), dtype=np.uint8)
    file = io.BytesIO()
    scipy.io.savemat(file, {"im": im, "mask": np.zeros((2, 2))}, do_compression=True)
    return im, file.getvalue()


@pytest.fixture
def cars3d(tmp_path, monkeypatch):
    module = patched(monkeypatch, "cars3d", images=12, sizes=CARS)

    def write(members):
        path = tmp_path / "nips2015-analogy-data.tar.gz"
        tar(path, members)
        accept(monkeypatch, module, path)
        return path

    return lambda **arguments: module.cars3d(**arguments), write


def test_cars3d(cars3d):
    load, write = cars3d
    (first, a), (second, b) = mesh(0), mesh(1)
    members = [("data/cars/car_002_mesh.mat", a), ("data/shapes48.mat", b"other"), ("data/cars/car_001_mesh.mat", b)]
    data = load(source=write([*members, ("data/cars/list.txt", b"car_002_mesh\ncar_001_mesh\n")]))
    assert (data.sizes, data.names, len(data)) == (CARS, ("elevation", "azimuth", "object_type"), 12)
    for row, (elevation, azimuth, car) in enumerate(data.v):
        im = (first, second)[car][..., azimuth, elevation]
        small = Image.fromarray(im)
        small.thumbnail((64, 64), Image.Resampling.LANCZOS)  # as the reference implementation shrinks them
        np.testing.assert_array_equal((data.x(np.array([row]))[0] * 255).round(), np.asarray(small).transpose(2, 0, 1))


def test_cars3d_follows_no_path_or_link_out_of_the_archive(cars3d, tmp_path):
    load, write = cars3d
    outside = tmp_path / "outside.mat"
    outside.write_bytes(mesh(2)[1])
    link = tarfile.TarInfo("data/cars/car_002_mesh.mat")
    link.type, link.linkname = tarfile.SYMTYPE, str(outside)
    evil = [("../evil.mat", b"x"), (f"{tmp_path}/evil.mat", b"x"), ("data/cars/../../evil.mat", b"x"), (link, None)]
    members = [*evil, ("data/cars/car_001_mesh.mat", mesh(1)[1]), ("data/cars/list.txt", b"car_001_mesh car_002_mesh")]
    assert "has 1 of the 2 cars of its list" in refused(load, write(members))
    assert not list(tmp_path.rglob("evil.mat"))


def test_cars3d_refuses_other_archives(cars3d):
    load, write = cars3d
    listed = ("data/cars/list.txt", b"car_001_mesh car_002_mesh")
    assert "list.txt has 0 names" in refused(load, write([("data/cars/car_001_mesh.mat", mesh(1)[1])]))
    wrong = io.BytesIO()
    scipy.io.savemat(wrong, {"im": np.zeros((4, 4))})
    assert "expected (128, 128, 3, 3, 2) uint8" in refused(
        load, write([("data/cars/car_001_mesh.mat", wrong.getvalue()), listed])
    )
    for content in (b"no .mat file", b""):
        assert "cannot be read" in refused(load, write([("data/cars/car_001_mesh.mat", content), listed]))


def test_a_truncated_or_other_cars3d_archive_is_refused(cars3d, monkeypatch):
    load, write = cars3d
    path = write([("data/cars/car_001_mesh.mat", mesh(1)[1]), ("data/cars/list.txt", b"car_001_mesh car_002_mesh")])
    os.truncate(path, path.stat().st_size // 2)
    assert "bytes, expected" in refused(load, path)
    accept(monkeypatch, sys.modules["bench.data.cars3d"], path)
    assert "cannot be read as an archive of Cars3D" in refused(load, path)


def test_without_h5py(shapes3d, monkeypatch):
    load, write = shapes3d
    path = write(images(24))
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert "needs h5py: pip install 'disentanglement-bench[originals]'" in refused(load, path)
