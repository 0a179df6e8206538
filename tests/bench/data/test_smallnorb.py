"""SmallNORB from its six files, on a small grid."""

import dataclasses
import hashlib
import os

import numpy as np
import pytest
from originals import norb, patched, refused
from PIL import Image

pytestmark = pytest.mark.usefixtures("cache")


NORB = (5, 10, 1, 2, 1)  # category, instance, elevation, azimuth, lighting: 100 images, 50 a split


@pytest.fixture
def smallnorb(tmp_path, monkeypatch):
    """smallnorb, a folder of its six files, what each was made of, and what has the files taken as published."""
    module = patched(monkeypatch, "smallnorb", images=100, sizes=NORB)
    folder = tmp_path / "norb"
    folder.mkdir()
    rng, made = np.random.default_rng(0), {}
    for split, instances in enumerate([(4, 6, 7, 8, 9), (0, 1, 2, 3, 5)]):
        v = np.array([(c, i, 0, a, 0) for c in range(5) for i in instances for a in range(2)], np.int32)
        v = v[rng.permutation(50)]
        x = rng.integers(256, size=(50, 2, 96, 96), dtype=np.uint8)
        made |= {tuple(row): image for row, image in zip(v.tolist(), x[:, 0], strict=True)}
        info = v[:, 1:] * [1, 1, 2, 1]
        for file, array in zip(module.FILES[3 * split :], (x, v[:, 0], info.astype(np.int32)), strict=False):
            norb(folder / file.name, array)

    def accepted():
        contents = [(folder / file.name).read_bytes() for file in module.FILES]
        hashes = [(f"sha256:{hashlib.sha256(content).hexdigest()}", len(content)) for content in contents]
        files = zip(module.FILES, hashes, strict=True)
        monkeypatch.setattr(module, "FILES", tuple(dataclasses.replace(f, hash=h, size=n) for f, (h, n) in files))

    accepted()
    return lambda **arguments: module.smallnorb(**arguments), folder, made, accepted


def test_smallnorb(smallnorb):
    load, folder, made, _ = smallnorb
    data = load(source=folder)
    assert (data.sizes, data.shape, len(data)) == (NORB, (1, 64, 64), 100)
    for row in (0, 13, 99):
        image = Image.fromarray(made[tuple(data.v[row].tolist())]).resize((64, 64), Image.Resampling.LANCZOS)
        np.testing.assert_array_equal((data.x(np.array([row]))[0, 0] * 255).round(), np.asarray(image))
    assert load().sha256 == data.sha256


def test_smallnorb_refuses_what_is_not_its_folder(smallnorb, tmp_path):
    load, folder, _, _ = smallnorb
    assert "is not a folder" in refused(load, tmp_path / "nowhere")
    missing = next(folder.glob("*testing-cat*"))
    content = missing.read_bytes()
    missing.unlink()
    assert f"no file {missing}" in refused(load, folder)
    missing.write_bytes(content[:-1])
    assert "bytes, expected" in refused(load, folder)


@pytest.mark.parametrize(
    ("part", "array", "line"),
    [
        ("training-cat", np.zeros(49, np.int32), "expected (50,)"),
        ("training-cat", np.zeros(50, np.uint8), "expected (50,)"),
        ("training-cat", np.zeros(50, np.int32), "of the 100 combinations"),
        ("training-cat", np.full(50, 5, np.int32), "out of range"),
        ("testing-info", np.zeros((50, 3), np.int32), "expected (50, 4)"),
        ("testing-dat", np.zeros((50, 2, 95, 96), np.uint8), "expected (50, 2, 96, 96)"),
    ],
)
def test_smallnorb_refuses_other_matrices(smallnorb, part, array, line):
    load, folder, _, accepted = smallnorb
    norb(next(folder.glob(f"*{part}*")), array)
    accepted()
    assert line in refused(load, folder)


def test_truncated_norb_matrices_are_refused(smallnorb):
    load, folder, _, accepted = smallnorb
    path = next(folder.glob("*training-dat*"))
    os.truncate(path, path.stat().st_size // 2)
    accepted()
    assert "cannot be read as a NORB matrix" in refused(load, folder)
    path.write_bytes(b"no gzip")
    accepted()
    assert "cannot be read as a NORB matrix" in refused(load, folder)
