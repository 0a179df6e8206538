"""Bit-packed images on disk, made once and mapped into memory, so that all processes share them.

Each array is a raw .npy file in the user's cache directory (environment variable BENCH_CACHE: another directory).
Beside it lies its seal: the sha256 of its rows, and the size and time of change of the file when that was last found
true. A file that still bears its seal is opened without reading it; any other is read once and sealed, or made anew.
"""

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import IO, NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bench.environment import cache_directory, temporary_folder
from bench.errors import BenchError
from bench.store import atomic


@dataclass(frozen=True)
class Recipe:
    """How to make an array of bytes.

    name: of the file, without its ending; it must change whenever the content does.
    title: what the user is told while it is made.
    shape: (rows, bytes of a row).
    blocks: yields the rows in order, each block (n, bytes of a row) uint8.
    sha256: of all rows' bytes, where known beforehand.
    """

    name: str
    title: str
    shape: tuple[int, int]
    blocks: Callable[[], Iterable[NDArray[np.uint8]]]
    sha256: str | None = None


class Cached(NamedTuple):
    """Rows, a read-only memory map, and the sha256 of their bytes."""

    rows: NDArray[np.uint8]
    sha256: str


def cached(recipe: Recipe) -> Cached:
    """The recipe's array, made only if no process has made it yet or its file is damaged.

    Raises BenchError where the cache directory cannot be written, and RuntimeError where the rows made do not have
    the recipe's sha256.
    """
    path = cache_directory() / f"{recipe.name}.npy"
    found = _open(path, recipe)
    if isinstance(found, Cached):  # needs no lock: a cache shared for reading only will do
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path):
            found = _open(path, recipe)
            if isinstance(found, Cached):
                return found
            if path.exists():
                _say(f"{path} {found}: making it anew")
            if path.parent == temporary_folder():
                _say(f"{path.parent} keeps it for now: the user's cache directory cannot be written; set BENCH_CACHE")
            atomic.sweep(path.parent)
            _make(path, recipe)
            found = _open(path, recipe)
    except OSError as error:
        raise _cannot_write(path, recipe, error) from error
    if isinstance(found, Cached):
        return found
    raise RuntimeError(f"{path}, just written, {found}")


class Unmade:
    """The rows of an array that is not in the cache: each is made when it is asked for, and nothing is written.

    `make` writes them all into the cache, as `cached` does.
    """

    def __init__(self, recipe: Recipe, some: Callable[[NDArray[np.integer]], NDArray[np.uint8]]) -> None:
        """some: the recipe's rows of these indices, (n,), none of which is negative."""
        self.recipe, self.some = recipe, some

    def __len__(self) -> int:
        return self.recipe.shape[0]

    def __getitem__(self, index: NDArray[np.integer]) -> NDArray[np.uint8]:
        rows = np.where(np.asarray(index) < 0, np.asarray(index) + len(self), index)
        return self.some(rows.ravel()).reshape(*rows.shape, -1)

    def make(self) -> None:
        """Raises what `cached` raises."""
        cached(self.recipe)


def in_cache(recipe: Recipe, some: Callable[[NDArray[np.integer]], NDArray[np.uint8]]) -> NDArray[np.uint8] | Unmade:
    """The recipe's array, whose sha256 is known beforehand, if it is in the cache; else its rows one by one."""
    found = _open(cache_directory() / f"{recipe.name}.npy", recipe)
    return found.rows if isinstance(found, Cached) else Unmade(recipe, some)


def read_npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Shape, whether in Fortran order, and dtype of the .npy stream `file`, left at the first byte of the data.

    Raises ValueError where it is not the header of a .npy file of version 1 or 2.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy remarks on headers that Python 2 wrote, which the original's may be
            readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            return readers[np.lib.format.read_magic(file)](file)
    except (KeyError, SyntaxError, TokenError, TypeError, ValueError) as error:  # all of these, with damaged headers
        raise ValueError("its .npy header is damaged or of an unknown version") from error


def _open(path: Path, recipe: Recipe) -> Cached | str:
    """The file's rows, or why they cannot be used."""
    try:
        with path.open("rb") as file:
            header, start, status = read_npy_header(file), file.tell(), os.fstat(file.fileno())
    except FileNotFoundError:
        return "is missing"
    except (OSError, ValueError) as error:
        return f"cannot be read ({error})"
    if header != (recipe.shape, False, np.dtype(np.uint8)):
        return f"is not an array of {recipe.shape} bytes"
    if status.st_size != start + recipe.shape[0] * recipe.shape[1]:
        return f"is damaged (it has {status.st_size} bytes, not {start + recipe.shape[0] * recipe.shape[1]})"
    seal = _read_seal(path)
    expected = recipe.sha256 or seal.get("sha256")
    if not isinstance(expected, str):
        return "has lost the record of its sha256"
    rows: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    if seal != _seal(expected, status):
        if hashlib.sha256(rows.data).hexdigest() != expected:
            return "is damaged (its sha256 is wrong)"
        _write_seal(path, _seal(expected, status))
    return Cached(rows, expected)


def _make(path: Path, recipe: Recipe) -> None:
    """Write the array aside, check it, and move it into place with its seal."""
    with atomic.replacing(path) as aside:
        with aside.open("xb") as file:
            sha256 = _write(file, recipe)
            file.flush()
            os.fsync(file.fileno())
        if recipe.sha256 not in (None, sha256):
            raise RuntimeError(f"{recipe.name}: its rows should have sha256 {recipe.sha256}, but have {sha256}")
        status = aside.stat()
    _write_seal(path, _seal(sha256, status))


def _write(file: IO[bytes], recipe: Recipe) -> str:
    """Write the array as .npy; the sha256 of its rows."""
    header = {"descr": "|u1", "fortran_order": False, "shape": recipe.shape}
    np.lib.format.write_array_header_1_0(file, header)
    digest, rows = hashlib.sha256(), 0
    with _progress(recipe.title, recipe.shape[0]) as advance:
        for block in recipe.blocks():
            file.write(block.data)
            digest.update(block.data)
            rows += len(block)
            advance(len(block))
    if rows != recipe.shape[0]:
        raise RuntimeError(f"{recipe.name}: should have {recipe.shape[0]} rows, but has {rows}")
    return digest.hexdigest()


def _seal(sha256: str, status: os.stat_result) -> dict[str, object]:
    return {"sha256": sha256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _seal_path(path: Path) -> Path:
    return path.with_suffix(".seal.json")


def _read_seal(path: Path) -> dict[str, object]:
    """The file's seal; empty where there is none that can be read."""
    try:
        seal = json.loads(_seal_path(path).read_bytes())
    except (OSError, ValueError):
        return {}
    return seal if isinstance(seal, dict) else {}


def _write_seal(path: Path, seal: dict[str, object]) -> None:
    """Best effort: without a seal the file is only read once more."""
    with suppress(OSError), atomic.replacing(_seal_path(path)) as aside:
        aside.write_text(json.dumps(seal))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _say(f"waiting for another process that makes {path}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _cannot_write(path: Path, recipe: Recipe, error: OSError) -> BenchError:
    size = f"{recipe.shape[0] * recipe.shape[1] / 2**20:.1f} MiB"
    return BenchError(
        f"BENCH_CACHE: cannot write {path.name} ({size}) in {path.parent}: {error.strerror or error}; "
        "set it to a writable directory with enough room"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr: a bar on a terminal, else one line; yields what is called with each advance."""
    if not sys.stderr.isatty():
        _say(title)
        yield lambda _: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda n: bar.advance(task, n)
