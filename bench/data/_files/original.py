"""Published files on disk: where they lie, and whether they are what was published.

A large file is hashed once. Its hash is noted in the cache directory with the size and time of change that it had.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data._files.about import File
from bench.data._files.cache import Cached, Recipe, cached
from bench.environment import cache_directory
from bench.errors import BenchError, FileNeeded
from bench.store import atomic


def place(name: str) -> Path:
    """The folder of a data set's published files, in the cache directory; it need not exist."""
    return cache_directory() / "originals" / name


def located(name: str, file: File, source: Path | None) -> Path:
    """The file at `source` or, without one, where it is fetched to. BenchError, or FileNeeded, where it is not."""
    path = source or place(name) / file.name
    if path.is_file():
        return path
    if source is None:
        raise FileNeeded(f"{name}: no file {path}; get it: {how_to_get(name, file)}")
    raise BenchError(f"source: {source} is not a file" if source.exists() else f"source: no file {source}")


def how_to_get(name: str, *files: File) -> str:
    """The ways to a data set's files, in a line."""
    by_hand = "; ".join(file.url for file in files)
    return f"python -m bench data fetch {name}, or put it into {place(name)} by hand, from {by_hand}"


def verified(path: Path, file: File) -> Path:
    """The path, after a check that it is the published file. BenchError where size or hash differ."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise BenchError(f"source: {path} is not the published {file.name}: it has {size} bytes, expected {file.size}")
    algorithm, _, expected = file.hash.partition(":")
    found = digest(path, algorithm)
    if found != expected:
        raise BenchError(
            f"source: {path} is not the published {file.name}: expected {algorithm} {expected}, got {found}"
        )
    return path


def digest(path: Path, algorithm: str) -> str:
    """The file's hash in hex, from the note of it where the file has not been changed since."""
    status = path.stat()
    stated = {"path": str(path.resolve()), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    name = hashlib.sha256(f"{algorithm} {path.resolve()}".encode()).hexdigest()[:16]
    note = cache_directory() / "originals" / "hashes" / f"{name}.json"
    with suppress(OSError, ValueError):
        noted = json.loads(note.read_bytes())
        if isinstance(noted, dict) and noted.items() >= stated.items() and isinstance(noted.get(algorithm), str):
            return str(noted[algorithm])
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
    with suppress(OSError):  # without a note it is hashed once more
        note.parent.mkdir(parents=True, exist_ok=True)
        with atomic.replacing(note) as aside:
            aside.write_text(json.dumps({**stated, algorithm: found}))
    return found


def rows_of(
    name: str,
    file: File,
    source: Path | None,
    shape: tuple[int, int],
    blocks: Callable[[Path], Iterable[NDArray[np.uint8]]],
) -> Cached:
    """The rows (N, bytes) that `blocks` reads from the published file, from the cache where they were read before.

    The file itself is needed only as long as the cache has no rows. Raises BenchError where it is missing or another.
    """
    if source is not None:
        verified(located(name, file, source), file)
    return cached(
        Recipe(
            name=f"{name}-{file.hash.partition(':')[2][:16]}",
            title=f"Reading {name}, once",
            shape=shape,
            blocks=lambda: blocks(verified(located(name, file, source), file)),
        )
    )
