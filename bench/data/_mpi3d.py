"""What the three MPI3D data sets share. Gondal et al., On the Transfer of Inductive Bias ..., NeurIPS 2019."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._files import read
from bench.data._files.about import About, File
from bench.data._files.cache import Recipe, cached
from bench.data._files.images import channels_first, on_grid
from bench.data._files.original import digest, located, rows_of
from bench.errors import BenchError

NAMES = (
    *("object_color", "object_shape", "object_size", "camera_height"),
    *("background_color", "horizontal_axis", "vertical_axis"),
)
SIZES = (6, 6, 2, 3, 3, 40, 40)
SMALLER = (4, 4, 2, 3, 3, 40, 40)  # four colours and four shapes: no hash of such a file is published
SHAPE = (3, 64, 64)
KEY = "images"
PAGE = "https://github.com/rr-learning/disentanglement_dataset"
FOLDER = "https://huggingface.co/datasets/waleedgondal/mpi3d/resolve/main"


def about(name: str, title: str, md5: str) -> About:
    """The facts of one of the three; its file is called by its name."""
    return About(
        title=title,
        images=math.prod(SIZES),
        names=NAMES,
        sizes=SIZES,
        shape=SHAPE,
        licence="CC BY 4.0",
        citation="Gondal et al.: On the Transfer of Inductive Bias from Simulation to the Real World: a New "
        "Disentanglement Dataset, NeurIPS 2019",
        page=PAGE,
        files=(File(f"{name}.npz", f"{FOLDER}/{name}.npz", f"md5:{md5}"),),
    )


def mpi3d(name: str, known: About, source: Path | None) -> FactorDataset:
    """The images of a file of either release, which its length tells."""
    published: tuple[tuple[int, ...], tuple[int, ...]] = ((known.images, 64, 64, 3), SIZES)
    stored, sizes = published if source is None else _release(located(name, known.files[0], source))
    shape = math.prod(sizes), math.prod(SHAPE)

    def blocks(path: Path) -> Iterator[NDArray[np.uint8]]:
        return channels_first(read.blocks(path, KEY, stored), 64, 64)

    if sizes == SIZES:
        return on_grid(rows_of(name, known.files[0], source, shape, blocks), NAMES, sizes, SHAPE)
    assert source is not None
    sha256 = digest(source, "sha256")
    recipe = Recipe(f"{name}-{sha256[:16]}", f"Reading {source}, once", shape, lambda: blocks(source))
    return on_grid(cached(recipe), NAMES, sizes, SHAPE)


def _release(source: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape of the file's array, and the grid of its images. BenchError for any other length."""
    found = read.layout(source, KEY)
    for sizes in (SIZES, SMALLER):
        if found.shape == (math.prod(sizes), 64, 64, 3):
            read.check_layout(source, KEY, found.shape)
            return found.shape, sizes
    raise BenchError(
        f"source: {source} has {KEY!r} of shape {found.shape}, expected (N, 64, 64, 3) with N {math.prod(SIZES)} or "
        f"{math.prod(SMALLER)}"
    )
