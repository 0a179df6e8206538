"""Arrays of bytes in .npz and .hdf5 files, read in blocks of rows: the whole of one never lies in memory."""

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data._files.cache import read_npy_header
from bench.errors import BenchError

# RuntimeError is zipfile's word for an encrypted member, or a compression that it does not know
READING_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)
HDF5 = (".h5", ".hdf5")
NPZ_BLOCK = 2**22  # bytes read at a time
HDF5_BLOCK = 2**29  # at most: a chunk of a published file spans tens of thousands of images and is decompressed whole


class Layout(NamedTuple):
    """What is said of an array before its data."""

    shape: tuple[int, ...]
    in_fortran_order: bool
    dtype: np.dtype[np.generic]


def layout(source: Path, key: str) -> Layout:
    """The layout of array `key` of a .npz file, or a .hdf5 file by its ending.

    BenchError where it is no such file or has no such array.
    """
    with (_hdf5_array if source.suffix in HDF5 else _npz_array)(source, key) as (found, _):
        return found


def check_layout(source: Path, key: str, shape: tuple[int, ...]) -> None:
    """BenchError where array `key` of the file is not of bytes, of this shape, in C order."""
    found = layout(source, key)
    if found != (shape, False, np.dtype(np.uint8)):
        raise BenchError(
            f"source: {source} has {key!r} of shape {found.shape} {found.dtype}"
            f"{' in Fortran order' if found.in_fortran_order else ''}, expected {shape} uint8 in C order"
        )


def blocks(source: Path, key: str, shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
    """Rows (n, bytes) of array `key`, in order. BenchError where it is not of this shape, or is damaged."""
    check_layout(source, key, shape)
    return (_hdf5_blocks if source.suffix in HDF5 else npz_blocks)(source, key, shape[0], math.prod(shape[1:]))


def npz_blocks(source: Path, key: str, rows: int, row: int) -> Iterator[NDArray[np.uint8]]:
    """The first rows (n, bytes) of array `key` of a .npz file, in order. BenchError where it is damaged."""
    step = max(1, NPZ_BLOCK // row)
    with _npz_array(source, key) as (_, file):
        for start in range(0, rows, step):
            n = min(step, rows - start)
            content = file.read(n * row)
            if len(content) != n * row:
                raise BenchError(f"source: {source} ends within image {start + len(content) // row} of {rows}")
            yield np.frombuffer(content, np.uint8).reshape(n, row)


def npz_keys(source: Path) -> tuple[str, ...]:
    """The names of the arrays of a .npz file. BenchError where it is none."""
    try:
        with zipfile.ZipFile(source) as archive:
            return tuple(name.removesuffix(".npy") for name in archive.namelist())
    except READING_ERRORS as error:
        raise BenchError(f"source: {source} cannot be read as a .npz file: {error}") from error


def npz_array(source: Path, key: str) -> NDArray[Any]:
    """A whole array of a .npz file. BenchError where there is none, or it is pickled or damaged."""
    with _npz_array(source, key) as (found, file):
        check_plain(source, key, found)
        size = math.prod(found.shape) * found.dtype.itemsize
        content = file.read(size + 1)
        if len(content) != size:
            raise BenchError(f"source: {source}: array {key!r} has not the {size} bytes that its header says")
        order: Literal["F", "C"] = "F" if found.in_fortran_order else "C"
        return np.frombuffer(content, found.dtype).reshape(found.shape, order=order)


def check_plain(source: Path, key: str, found: Layout) -> None:
    """BenchError where an array is of Python objects."""
    if found.dtype.hasobject:
        raise BenchError(f"source: {source}: array {key!r} holds pickled objects, which are never loaded")


def _hdf5_blocks(source: Path, key: str, rows: int, row: int) -> Iterator[NDArray[np.uint8]]:
    with _hdf5_array(source, key) as (_, array):
        step = max(1, min(array.chunks[0] if array.chunks else rows, HDF5_BLOCK // row))
        for start in range(0, rows, step):
            block: NDArray[np.uint8] = array[start : start + step]
            yield block.reshape(len(block), row)


@contextmanager
def _npz_array(source: Path, key: str) -> Iterator[tuple[Layout, IO[bytes]]]:
    """The layout of array `key` and a stream of its bytes; whatever is wrong with the file becomes a BenchError."""
    try:
        with zipfile.ZipFile(source) as archive:
            if f"{key}.npy" not in archive.namelist():
                raise BenchError(f"source: {source} has no array {key!r}, only {archive.namelist()}")
            with archive.open(f"{key}.npy") as file:
                yield Layout(*read_npy_header(file)), file
    except READING_ERRORS as error:
        raise BenchError(f"source: {source} cannot be read as a .npz file: {error}") from error


@contextmanager
def _hdf5_array(source: Path, key: str) -> Iterator[tuple[Layout, Any]]:
    """The layout of data set `key` and the set itself; whatever is wrong with the file becomes a BenchError."""
    try:
        import h5py  # slow to import, and few data sets need it
    except ImportError:
        raise BenchError(f"source: {source} needs h5py: pip install 'disentanglement-bench[originals]'") from None
    try:
        with h5py.File(source, "r") as file:
            if not isinstance(file.get(key), h5py.Dataset):
                raise BenchError(f"source: {source} has no array {key!r}, only {sorted(file)}")
            yield Layout(file[key].shape, False, file[key].dtype), file[key]
    except READING_ERRORS as error:
        raise BenchError(f"source: {source} cannot be read as a .hdf5 file: {error}") from error
