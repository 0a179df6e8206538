"""SmallNORB. LeCun, Huang and Bottou, Learning Methods for Generic Object Recognition ..., CVPR 2004."""

import gzip
import hashlib
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._files.about import About, File
from bench.data._files.cache import Recipe, cached
from bench.data._files.images import on_grid, shrunk
from bench.data._files.original import located, place, verified
from bench.errors import BenchError

__all__ = ["smallnorb"]

PAGE = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small"
SPLITS = ("5x46789x9x18x6x2x96x96-training", "5x01235x9x18x6x2x96x96-testing")
PUBLISHED = (  # size and sha256 of dat, cat and info of each split
    ((131_896_188, "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873"),
     (348, "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa"),
     (71_052, "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32")),
    ((130_799_817, "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474"),
     (347, "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff"),
     (10_428, "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2")),
)  # fmt: skip
PARTS = ("dat", "cat", "info")
FILES = tuple(
    File(f"smallnorb-{split}-{part}.mat.gz", f"{PAGE}/smallnorb-{split}-{part}.mat.gz", f"sha256:{sha256}", size)
    for split, facts in zip(SPLITS, PUBLISHED, strict=True)
    for part, (size, sha256) in zip(PARTS, facts, strict=True)
)
ABOUT = About(
    title="SmallNORB",
    images=48_600,
    names=("category", "instance", "elevation", "azimuth", "lighting"),
    sizes=(5, 10, 9, 18, 6),
    shape=(1, 64, 64),
    licence="for research only, may not be sold",
    citation="LeCun, Huang, Bottou: Learning Methods for Generic Object Recognition with Invariance to Pose and "
    "Lighting, CVPR 2004",
    page=PAGE,
    files=FILES,
)
SIDE = 96  # of an image as published, one of a stereo pair
TYPES = {0x1E3D4C55: np.dtype("u1"), 0x1E3D4C54: np.dtype("<i4")}  # of elements, by the number that a file begins with
READING_ERRORS = (zlib.error, EOFError, OSError, ValueError)


def smallnorb(*, source: Path | None = None) -> FactorDataset:
    """48,600 grey images, (1, 64, 64), of toys: 5 categories of 10 instances, 9 elevations, 18 azimuths, 6 lightings.

    Both splits (instances 4, 6, 7, 8, 9 and 0, 1, 2, 3, 5), in the order of the factors, lighting varying fastest. Of
    each stereo pair the first image, shrunk from 96 x 96 by Lanczos resampling: all as disentanglement_lib has it, but
    for `instance`. That library draws it at random and counts four factors; here it is the fifth, and its values mean
    nothing across categories: compare scores with that library's factor by factor, not their means.
    source: the folder of the six published .mat.gz files; without it, where `bench data fetch smallnorb` puts them.

    199 MB of bytes in the cache directory. Raises BenchError where a file is missing, another or damaged, or the cache
    cannot be written.
    """
    if source is not None:
        _folder(source)
    name = hashlib.sha256("".join(file.hash for file in FILES).encode()).hexdigest()[:16]
    shape = ABOUT.images, math.prod(ABOUT.shape)
    rows = cached(Recipe(f"smallnorb-{name}", "Reading smallnorb, once", shape, lambda: _blocks(_folder(source))))
    return on_grid(rows, ABOUT.names, ABOUT.sizes, ABOUT.shape)


def _folder(source: Path | None) -> Path:
    """The folder, after a check of its files."""
    if source is not None and not source.is_dir():
        raise BenchError(f"source: {source} is not a folder; expected that of the six .mat.gz files of SmallNORB")
    for file in FILES:
        path = located("smallnorb", file, source / file.name if source else None)
        verified(path, file)
    return source or place("smallnorb")


def _blocks(folder: Path) -> Iterator[NDArray[np.uint8]]:
    """Rows in the grid's order, an instance at a time."""
    rows = np.zeros((ABOUT.images, math.prod(ABOUT.shape)), np.uint8)
    seen = np.zeros(len(rows), np.bool_)
    for start in range(0, len(FILES), len(PARTS)):
        dat, cat, info = (folder / file.name for file in FILES[start : start + len(PARTS)])
        n = ABOUT.images // len(SPLITS)
        category, others = _matrix(cat, "<i4", (n,)), _matrix(info, "<i4", (n, 4))
        v = np.column_stack([category, others])
        v[:, 3] //= 2  # azimuths are published as 0, 2 .. 34
        if (v < 0).any() or (v >= ABOUT.sizes).any():
            raise BenchError(f"source: {info} has factors out of range {ABOUT.sizes}")
        at = np.ravel_multi_index(tuple(v.T), ABOUT.sizes)
        seen[at] = True
        for row, image in zip(at, _pairs(dat, n), strict=True):
            rows[row] = shrunk(image, ABOUT.shape[-1]).ravel()
    if not seen.all():
        raise BenchError(f"source: {folder} has images of {seen.sum()} of the {len(seen)} combinations of factors")
    yield from np.split(rows, math.prod(ABOUT.sizes[:2]))


def _pairs(path: Path, n: int) -> Iterator[NDArray[np.uint8]]:
    """The first image of each of n stereo pairs."""
    with _opened(path, "u1", (n, 2, SIDE, SIDE)) as file:
        for _ in range(n):
            yield _read(path, file, np.dtype("u1"), (2, SIDE, SIDE))[0]


def _matrix(path: Path, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    with _opened(path, dtype, shape) as file:
        return _read(path, file, np.dtype(dtype), shape)


def _read(path: Path, file: gzip.GzipFile, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> NDArray[Any]:
    content = file.read(math.prod(shape) * dtype.itemsize)
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise BenchError(f"source: {path} ends early")
    return np.frombuffer(content, dtype).reshape(shape)


@contextmanager
def _opened(path: Path, dtype: str, shape: tuple[int, ...]) -> Iterator[gzip.GzipFile]:
    """A gzipped matrix at its first element: after a number for the type, that of dimensions, and 3 of them or more."""
    try:
        with gzip.open(path) as file:
            magic, ndim = np.frombuffer(file.read(8), "<i4").tolist()
            dims = np.frombuffer(file.read(4 * max(3, min(ndim, 8))), "<i4")[:ndim].tolist()
            if (TYPES.get(magic), tuple(dims)) != (np.dtype(dtype), shape):
                raise BenchError(f"source: {path} has a matrix of {dims} (type {magic:#x}), expected {shape} {dtype}")
            yield file
    except READING_ERRORS as error:
        raise BenchError(f"source: {path} cannot be read as a NORB matrix: {error}") from error
