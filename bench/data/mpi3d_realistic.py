"""MPI3D realistic, rendered realistically. Gondal et al., On the Transfer of Inductive Bias ..., NeurIPS 2019."""

from pathlib import Path

from bench.data._base import FactorDataset
from bench.data._mpi3d import about, mpi3d

__all__ = ["mpi3d_realistic"]

ABOUT = about("mpi3d_realistic", "MPI3D realistic, rendered realistically", "59a6225b88b635365f70c91b3e52f70f")


def mpi3d_realistic(*, source: Path | None = None) -> FactorDataset:
    """1,036,800 RGB images, (3, 64, 64), of an object on a robot's arm, rendered realistically.

    6 colours (white, green, red, blue, brown, olive) and 6 shapes (cone, cube, cylinder, hexagonal, pyramid, sphere)
    of the object, 2 sizes, 3 camera heights, 3 background colours, 40 positions on each of two axes; the last varies
    fastest.
    source: the published file; without it, where `bench data fetch mpi3d_realistic` puts it.
        Or a file of the first release, 460,800 images: 4 colours (green, red, blue,
        brown), 4 shapes (cone, cube, hexagonal prism, sphere).
        No hash of that is published, so it is taken as it is; its sha256 makes it another data set.

    12.7 GB of bytes, read once into the cache directory and mapped from there. Raises BenchError where the file is
    missing or another, or the cache cannot be written.
    """
    return mpi3d("mpi3d_realistic", ABOUT, source)
