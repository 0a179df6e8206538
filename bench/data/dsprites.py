"""dSprites. Matthey et al., dSprites: Disentanglement testing Sprites dataset, 2017.

The images are rendered here, on the original grid: of 416 original images found in public, all are reproduced pixel
for pixel, and the total of lit pixels over the set differs from the published one by 2 in 3.02 billion. The whole set
was not compared byte for byte; `compare` does that, given the original file.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._cache import Recipe, cached, read_npy_header
from bench.data._sprites import Scene
from bench.errors import BenchError

__all__ = ["dsprites"]

SCENE = Scene(
    size=64,
    scales=np.linspace(0.5, 1.0, 6),
    orientations=np.linspace(0.0, 2.0 * np.pi, 40),  # both ends, as in the original: 0 and 39 show the same
    positions=np.linspace(0.0, 1.0, 32),
)
SHA256 = "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"  # of the rendered images, bit-packed
ORIGINAL_MD5 = "7da33b31b13a06f4b04a70402ce90c2e"  # of dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz
MEMBER = "imgs.npy"  # the only part of the file that is read
# RuntimeError is zipfile's word for an encrypted member, or a compression that it does not know
READING_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)
BLOCK = 1024  # images read at a time: 4 MiB


class Comparison(NamedTuple):
    """The rendered images beside those of a file.

    images, images_differ: of the set; those of them with at least one pixel that differs.
    pixels_differ: over all images.
    lit_rendered, lit_source: lit pixels over all images.
    original: whether the file's md5 is that of the published file.
    """

    images: int
    images_differ: int
    pixels_differ: int
    lit_rendered: int
    lit_source: int
    original: bool


def dsprites(*, source: Path | None = None) -> FactorDataset:
    """dSprites, re-rendered: 737,280 binary images, (1, 64, 64), of square, ellipse and heart.

    On the original grid: 6 scales, 40 orientations, 32 x 32 positions.
    source: the original .npz file, to be used instead of the rendered images.

    Orientation 39 repeats orientation 0, and the grid has no exact quarter or half turn: squares and ellipses at
    different orientations are told apart by a few pixels only, which keeps every model's score on orientation low.
    The original's factor of colour, which has one value, is left out.

    Bit-packed, 360 MiB, and kept in the cache directory: the first call writes it there, later ones open it.
    Raises BenchError where `source` is not the original file or the cache cannot be written.
    """
    rows, sha256 = cached(_rendered() if source is None else _from_file(source))
    return SCENE.dataset(rows, sha256)


def compare(source: Path) -> Comparison:
    """Compare the rendered images with all of those in a .npz file laid out as the original, in some seconds.

    Raises BenchError where the file cannot be read as such.
    """
    _check_layout(source)
    original = _md5(source) == ORIGINAL_MD5
    images_differ = pixels_differ = lit_rendered = lit_source = 0
    for ours, theirs in zip(SCENE.blocks(BLOCK), _file_blocks(source), strict=True):
        wrong = np.bitwise_count(ours ^ theirs).sum(axis=1, dtype=np.int64)
        images_differ += int(np.count_nonzero(wrong))
        pixels_differ += int(wrong.sum())
        lit_rendered += int(np.bitwise_count(ours).sum(dtype=np.int64))
        lit_source += int(np.bitwise_count(theirs).sum(dtype=np.int64))
    return Comparison(len(SCENE), images_differ, pixels_differ, lit_rendered, lit_source, original)


def _rendered() -> Recipe:
    return Recipe(
        name=f"dsprites-{SHA256[:16]}",
        title="Rendering dSprites, once: some seconds",
        shape=(len(SCENE), SCENE.row_bytes),
        blocks=SCENE.blocks,
        sha256=SHA256,
    )


def _from_file(source: Path) -> Recipe:
    _check_layout(source)
    md5 = _md5(source)
    if md5 != ORIGINAL_MD5:
        raise BenchError(f"source: {source} is not the original dSprites file: expected md5 {ORIGINAL_MD5}, got {md5}")
    return Recipe(
        name=f"dsprites-original-{md5[:16]}",
        title=f"Reading {source}, once: some seconds",
        shape=(len(SCENE), SCENE.row_bytes),
        blocks=lambda: _file_blocks(source),
    )


def _md5(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _check_layout(source: Path) -> None:
    """Raise BenchError unless the file's header says that it holds images like the original's."""
    with _images(source):
        pass


def _file_blocks(source: Path) -> Iterator[NDArray[np.uint8]]:
    """The file's images in order, bit-packed, BLOCK at a time: inflated they would take 2.8 GiB."""
    pixels = SCENE.size * SCENE.size
    with _images(source) as file:
        for start in range(0, len(SCENE), BLOCK):
            n = min(BLOCK, len(SCENE) - start)
            images = np.frombuffer(file.read(n * pixels), np.uint8)
            if len(images) != n * pixels:
                raise BenchError(f"source: {source} ends within image {start + len(images) // pixels} of {len(SCENE)}")
            if images.max() > 1:
                raise BenchError(f"source: {source} has pixels of value {images.max()}, expected 0 and 1")
            yield np.packbits(images.reshape(n, pixels), axis=1)


@contextmanager
def _images(source: Path) -> Iterator[IO[bytes]]:
    """The file's images as a stream of bytes; whatever is wrong with the file becomes a BenchError."""
    if not source.exists():
        raise BenchError(f"source: no file {source}")
    if not source.is_file():
        raise BenchError(f"source: {source} is not a file; expected the original dSprites .npz")
    expected = (len(SCENE), SCENE.size, SCENE.size)
    try:
        with zipfile.ZipFile(source) as archive:
            if MEMBER not in archive.namelist():
                raise BenchError(f"source: {source} has no array 'imgs', only {archive.namelist()}")
            with archive.open(MEMBER) as file:
                header = read_npy_header(file)
                if header != (expected, False, np.dtype(np.uint8)):
                    raise BenchError(
                        f"source: {source} has 'imgs' of shape {header[0]} {header[2]}, "
                        f"expected {expected} uint8 in C order"
                    )
                yield file
    except READING_ERRORS as error:
        raise BenchError(f"source: {source} cannot be read as a .npz file: {error}") from error
