"""Cars3D. Reed, Zhang, Zhang and Lee, Deep Visual Analogy-Making, NIPS 2015."""

import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._files.about import About, File
from bench.data._files.images import on_grid, shrunk
from bench.data._files.original import rows_of
from bench.errors import BenchError

__all__ = ["cars3d"]

ABOUT = About(
    title="Cars3D",
    images=17_568,
    names=("elevation", "azimuth", "object_type"),
    sizes=(4, 24, 183),
    shape=(3, 64, 64),
    licence="none is stated; ask its authors",
    citation="Reed, Zhang, Zhang, Lee: Deep Visual Analogy-Making, NIPS 2015",
    page="http://www.scottreed.info",
    files=(
        File(
            name="nips2015-analogy-data.tar.gz",
            url="http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",
            hash="md5:4e866a7919c1beedf53964e6f7a23686",  # as disent states it
            most=2**30,
        ),
    ),
)
FOLDER = "data/cars"
READING_ERRORS = (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, TypeError, KeyError, NotImplementedError)


def cars3d(*, source: Path | None = None) -> FactorDataset:
    """17,568 RGB images, (3, 64, 64), of 183 cars at 4 elevations and 24 azimuths; the car varies fastest.

    The originals are 128 x 128 and are shrunk by Lanczos resampling, as disentanglement_lib does. Cars are in the
    order of the archive's list.txt; that library takes them as its file system lists them.
    source: the published archive; without it, where `bench data fetch cars3d` puts it. It is read in place, and
        nothing of it is written anywhere else than into the cache of images.

    216 MB of bytes in the cache directory. Raises BenchError where the archive is missing, another or damaged, or the
    cache cannot be written.
    """
    rows = rows_of("cars3d", ABOUT.files[0], source, (ABOUT.images, int(np.prod(ABOUT.shape))), _blocks)
    return on_grid(rows, ABOUT.names, ABOUT.sizes, ABOUT.shape)


def _blocks(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Rows in the grid's order, an elevation at a time."""
    elevations, azimuths, cars = ABOUT.sizes
    images = np.zeros((elevations, azimuths, cars, *ABOUT.shape), np.uint8)
    try:
        found = _fill(path, images)
    except READING_ERRORS as error:
        raise BenchError(f"source: {path} cannot be read as an archive of Cars3D: {error}") from error
    if len(found) != cars:
        raise BenchError(f"source: {path} has {len(found)} of the {cars} cars of its list")
    for rows in images:
        yield rows.reshape(azimuths * cars, -1)


def _fill(path: Path, images: NDArray[np.uint8]) -> set[str]:
    """Put the archive's images where they belong, in one pass over it; the names of the cars seen.

    Files only: a link or a folder of a car's name is passed over, and so is whatever lies elsewhere.
    """
    names: list[str] = []
    waiting: dict[str, NDArray[np.uint8]] = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            folder, _, name = member.name.removeprefix("./").rpartition("/")
            file = archive.extractfile(member) if member.isreg() and folder == FOLDER else None
            if file is None:
                continue
            if name == "list.txt":
                names = file.read().decode().split()
            elif name.endswith(".mat"):
                waiting[name.removesuffix(".mat")] = _car(file.read(), images.shape[:2], images.shape[-1])
    if len(names) != images.shape[2]:
        raise ValueError(f"its {FOLDER}/list.txt has {len(names)} names, expected {images.shape[2]}")
    for at, name in enumerate(names):
        if name in waiting:
            images[:, :, at] = waiting[name]
    return set(names) & set(waiting)


def _car(content: bytes, grid: tuple[int, ...], side: int) -> NDArray[np.uint8]:
    """Images (elevation, azimuth, 3, side, side) of a .mat file, whose `im` is (128, 128, 3, azimuth, elevation)."""
    from scipy.io import loadmat, matlab  # slow to import

    try:
        im = loadmat(io.BytesIO(content), variable_names=["im"])["im"]  # type: ignore[arg-type]  # as stubs have it
    except matlab.MatReadError as error:
        raise ValueError(str(error)) from error
    expected = (128, 128, 3, *grid[::-1])
    if im.shape != expected or im.dtype != np.uint8:
        raise ValueError(f"it has 'im' of shape {im.shape} {im.dtype}, expected {expected} uint8")
    small = [[shrunk(im[..., a, e], side).transpose(2, 0, 1) for a in range(grid[1])] for e in range(grid[0])]
    return np.array(small)
