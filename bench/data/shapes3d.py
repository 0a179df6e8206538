"""Shapes3D. Burgess and Kim, 3D Shapes dataset, 2018; Kim and Mnih, Disentangling by Factorising, ICML 2018."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._files import read
from bench.data._files.about import About, File
from bench.data._files.images import channels_first, on_grid
from bench.data._files.original import rows_of

__all__ = ["shapes3d"]

ABOUT = About(
    title="Shapes3D",
    images=480_000,
    names=("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation"),
    sizes=(10, 10, 10, 8, 4, 15),
    shape=(3, 64, 64),
    licence="Apache-2.0",
    citation="Burgess, Kim: 3D Shapes dataset, 2018; Kim, Mnih: Disentangling by Factorising, ICML 2018",
    page="https://github.com/google-deepmind/3d-shapes",
    files=(
        File(
            name="3dshapes.h5",
            url="https://storage.googleapis.com/3d-shapes/3dshapes.h5",
            hash="sha256:0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
            size=267_573_662,
        ),
    ),
)


def shapes3d(*, source: Path | None = None) -> FactorDataset:
    """480,000 RGB images, (3, 64, 64), of one object in a room.

    10 hues each of floor, wall and object (0, 0.1 .. 0.9), 8 scales (0.75 to 1.25), 4 shapes (cube, cylinder, sphere,
    capsule), 15 orientations (-30 to 30 degrees), which vary fastest.
    source: the published 3dshapes.h5; without it, where `bench data fetch shapes3d` puts it.

    5.9 GB of bytes, read once into the cache directory and mapped from there. Raises BenchError where the file is
    missing or another, or the cache cannot be written.
    """
    _, height, width = ABOUT.shape
    images = ABOUT.images, height, width, 3

    def blocks(path: Path) -> Iterator[NDArray[np.uint8]]:
        return channels_first(read.blocks(path, "images", images), height, width)

    rows = rows_of("shapes3d", ABOUT.files[0], source, (ABOUT.images, 3 * height * width), blocks)
    return on_grid(rows, ABOUT.names, ABOUT.sizes, ABOUT.shape)
