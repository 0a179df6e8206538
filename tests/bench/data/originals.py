"""Small files in the formats of the published ones, for tests of their loaders."""

import dataclasses
import gzip
import hashlib
import importlib
import io
import tarfile

import numpy as np
import pytest

from bench.errors import BenchError


def patched(monkeypatch, name, **facts):
    """The module of a data set, with other facts in its ABOUT."""
    module = importlib.import_module(f"bench.data.{name}")
    monkeypatch.setattr(module, "ABOUT", dataclasses.replace(module.ABOUT, **facts))
    return module


def accept(monkeypatch, module, path):
    """Have the file's own size and hash taken for the published ones."""
    file = module.ABOUT.files[0]
    found = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    monkeypatch.setattr(
        module,
        "ABOUT",
        dataclasses.replace(module.ABOUT, files=(dataclasses.replace(file, hash=found, size=path.stat().st_size),)),
    )


def images(n, side=64, seed=0):
    """n RGB images, as files hold them: (n, side, side, 3)."""
    return np.random.default_rng(seed).integers(256, size=(n, side, side, 3), dtype=np.uint8)


def norb(path, array):
    """Write a gzipped NORB matrix: the type's number, dimensions, 3 sizes at least, little-endian elements."""
    magic = {"u1": 0x1E3D4C55, "i4": 0x1E3D4C54}[array.dtype.str[1:]]
    sizes = [*array.shape, *[1] * (3 - array.ndim)]
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(np.array([magic, array.ndim, *sizes], "<i4").tobytes() + array.tobytes())


def tar(path, members):
    """Write a .tar.gz of (name, content), or of ready members, which have no content."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in members:
            if isinstance(name, tarfile.TarInfo):
                archive.addfile(name)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def refused(load, path):
    """The one line with which a source is refused."""
    with pytest.raises(BenchError) as caught:
        load(source=path)
    line = str(caught.value)
    assert line.startswith("source: ")
    assert str(path) in line
    assert "\n" not in line
    return line
