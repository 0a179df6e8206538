"""A data set as one .npz file that numpy reads without pickle, written block by block."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.store import atomic

BLOCK_BYTES = 2**24  # of observations as float32, put together at a time


def export(dataset: FactorDataset, out: Path) -> int:
    """Write what `stated` says and x (N, ...) to `out`, compressed, for the data set `npz`; the bytes written.

    x is uint8 where the data set holds bytes (0..255) or bits (0 and 1), else float32. The file takes its name when it
    is whole. BenchError where there is a file of that name, or it cannot be written.
    """
    check(out)
    try:
        with atomic.replacing(out) as new:
            with zipfile.ZipFile(new, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                _write_x(archive, dataset)
                for name, array in stated(dataset).items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                        np.lib.format.write_array(file, np.asarray(array, order="C"), allow_pickle=False)
            check(out)  # another process may have made one meanwhile
        return out.stat().st_size
    except OSError as error:
        raise BenchError(f"out={out}: cannot be written: {error.strerror or error}") from None


def check(out: Path, argument: str = "out") -> None:
    """BenchError where there is a file of that name, or the name is not one of an .npz file."""
    if out.suffix != ".npz":
        raise BenchError(f"{argument}={out}: expected a name that ends in .npz")
    if out.exists():
        raise BenchError(f"{argument}={out}: is there already; remove it, or choose another name")


def _write_x(archive: zipfile.ZipFile, dataset: FactorDataset) -> None:
    step = max(1, BLOCK_BYTES // (4 * int(np.prod(dataset.shape))))
    dtype = stored(dataset, np.arange(1)).dtype
    with archive.open("x.npy", "w", force_zip64=True) as file:
        header = {"descr": dtype.str, "fortran_order": False, "shape": (len(dataset), *dataset.shape)}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(dataset), step):
            rows = np.arange(start, min(start + step, len(dataset)))
            file.write(np.ascontiguousarray(stored(dataset, rows)).data)


def stated(dataset: FactorDataset) -> dict[str, NDArray[Any]]:
    """v (N, K), names (K,), sizes (K,), kind and likelihood; where there are some, the names of unordered factors.

    And of continuous ones (M,), their true values `numbers` (N, M), and the word for their bins, `binned`.
    """
    said = {
        "v": dataset.v,
        "names": np.array(dataset.names),
        "sizes": np.array(dataset.sizes),
        "kind": np.array(dataset.kind),
        "likelihood": np.array(dataset.likelihood),
    }
    if dataset.unordered:
        said["unordered"] = np.array(dataset.unordered)
    if dataset.numbers:
        said["continuous"] = np.array(list(dataset.numbers))
        said["numbers"] = np.stack(list(dataset.numbers.values()), axis=1)
        said["binned"] = np.array(dataset.binned)
    return said


def stored(dataset: FactorDataset, rows: NDArray[np.int64]) -> NDArray[np.generic]:
    """Observations of these rows, (n, *shape): bytes as they are, bits as bytes, all else as float32."""
    if dataset.packed:
        return dataset.x(rows).astype(np.uint8)
    held = dataset.observations[rows]
    return held.reshape(-1, *dataset.shape) if held.dtype == np.uint8 else dataset.x(rows)
