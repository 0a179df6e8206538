"""dSprites. Matthey et al., dSprites: Disentanglement testing Sprites dataset, 2017.

The images are rendered here, on the original grid: of 416 original images found in public, all are reproduced pixel
for pixel, and the total of lit pixels over the set differs from the published one by 2 in 3.02 billion. The whole set
was not compared byte for byte; `compare` does that, given the original file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._files import read
from bench.data._files.about import About, File
from bench.data._files.cache import Recipe, cached, in_cache
from bench.data._files.original import digest, located, verified
from bench.data._render.sprites import Scene
from bench.errors import BenchError

__all__ = ["dsprites"]

SCENE = Scene(
    size=64,
    scales=np.linspace(0.5, 1.0, 6),
    orientations=np.linspace(0.0, 2.0 * np.pi, 40),  # both ends, as in the original: 0 and 39 show the same
    positions=np.linspace(0.0, 1.0, 32),
    period=39,
)
SHA256 = "3a228f4037ef3d42a42588e0e01f1078aa2df13cfa17584e88c95ed9fb5672da"  # of the rendered images, bit-packed
PAGE = "https://github.com/google-deepmind/dsprites-dataset"
FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64"
NPZ = File(
    name=f"{FILE}.npz",
    url=f"{PAGE}/raw/master/{FILE}.npz",
    hash="md5:7da33b31b13a06f4b04a70402ce90c2e",  # as ten projects state it
    most=2**26,  # about 26 MB, of which no project states the bytes
)
HDF5 = File(
    name=f"{FILE}.hdf5",
    url=f"{PAGE}/raw/master/{FILE}.hdf5",
    hash="sha256:729fa22e884c9c500e1f17415d580746b4c5894fbbb780a1319bbcfa39a745bb",
    size=28_024_106,
)
ABOUT = About(
    title="dSprites, re-rendered; the original's own images by --set dsprites.source=FILE",
    images=len(SCENE),
    names=SCENE.names,
    sizes=SCENE.sizes,
    shape=(1, SCENE.size, SCENE.size),
    licence="Apache-2.0",
    citation="Matthey, Higgins, Hassabis, Lerchner: dSprites: Disentanglement testing Sprites dataset, 2017",
    page=PAGE,
    files=(NPZ,),
    made_here=True,
)
KEY = "imgs"  # the only part of the file that is read
BLOCK = 1024  # images packed, or rendered to be compared, at a time


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
    source: the original .npz or .hdf5 file, to be used instead of the rendered images.

    Orientation 39 repeats orientation 0, and the grid has no exact quarter or half turn: squares and ellipses at
    different orientations are told apart by a few pixels only, which keeps every model's score on orientation low.
    The original's factor of colour, which has one value, is left out.

    Bit-packed, 360 MiB in the cache directory. Where it is not there, images are rendered as they are asked for;
    `bench.datasets.load_dataset` writes them there. A `source` is read into it at once.
    Raises BenchError where `source` is not the original file or the cache cannot be written.
    """
    if source is not None:
        return SCENE.dataset(*cached(_from_file(source)))
    return SCENE.dataset(in_cache(_rendered(), lambda index: SCENE.packed(SCENE.factors_of(index))), SHA256)


def compare(source: Path) -> Comparison:
    """Compare the rendered images with all of those in a file laid out as the original, in some seconds.

    Raises BenchError where the file cannot be read as such.
    """
    _check_layout(source)
    original = f"md5:{digest(source, 'md5')}" == NPZ.hash or f"sha256:{digest(source, 'sha256')}" == HDF5.hash
    images = images_differ = pixels_differ = lit_rendered = lit_source = 0
    for theirs in _file_blocks(source):
        ours = SCENE.packed(SCENE.factors_of(np.arange(images, images + len(theirs))))
        wrong = np.bitwise_count(ours ^ theirs).sum(axis=1, dtype=np.int64)
        images += len(theirs)
        images_differ += int(np.count_nonzero(wrong))
        pixels_differ += int(wrong.sum())
        lit_rendered += int(np.bitwise_count(ours).sum(dtype=np.int64))
        lit_source += int(np.bitwise_count(theirs).sum(dtype=np.int64))
    return Comparison(images, images_differ, pixels_differ, lit_rendered, lit_source, original)


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
    file = HDF5 if source.suffix in read.HDF5 else NPZ
    verified(source, file)
    return Recipe(
        name=f"dsprites-original-{file.hash.partition(':')[2][:16]}",
        title=f"Reading {source}, once: some seconds",
        shape=(len(SCENE), SCENE.row_bytes),
        blocks=lambda: _file_blocks(source),
    )


def _shape() -> tuple[int, int, int]:
    return len(SCENE), SCENE.size, SCENE.size


def _check_layout(source: Path) -> None:
    """Raise BenchError unless the file says that it holds images like the original's."""
    read.check_layout(located("dsprites", NPZ, source), KEY, _shape())


def _file_blocks(source: Path) -> Iterator[NDArray[np.uint8]]:
    """The file's images in order, bit-packed, BLOCK of them at most: inflated they would take 2.8 GiB."""
    for several in read.blocks(source, KEY, _shape()):
        for start in range(0, len(several), BLOCK):
            images = several[start : start + BLOCK]
            if images.max() > 1:
                raise BenchError(f"source: {source} has pixels of value {images.max()}, expected 0 and 1")
            yield np.packbits(images, axis=1)
