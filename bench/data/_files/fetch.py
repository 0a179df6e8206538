"""Getting published files: pooch checks each one's hash before it is put in its place; a cut download is gone on with.

pooch's own downloads begin anew after a cut, and are lost to a kill after their last byte; `Download` asks for the rest
(HTTP Range). Archives are not unpacked: their loaders read them in place.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import requests
import urllib3
from filelock import FileLock
from pooch.hashes import hash_matches

from bench.data._files.about import About, File
from bench.data._files.original import place, verified
from bench.errors import BenchError

TRIES = 5  # in a row without a single byte
WAIT = 1.0  # seconds after the first of them, twice as long after each other
TIMEOUT = 10.0, 60.0  # seconds, to connect and between bytes
CHUNK = 2**18
Progress = Callable[[int, int | None], None]


def fetch(name: str, about: About, mirror: str = "", progress: Progress = lambda at, of: None) -> list[Path]:
    """Have all files of a data set where its loader looks for them; those that are there are only checked.

    mirror: the address of a folder with the files, instead of those that are known.
    progress: called with the bytes of a file so far, and those in all where they are known.
    Raises BenchError where a file cannot be had or is not the published one; none but a whole one is put in its place.
    """
    return [_fetched(name, file, mirror, progress) for file in about.files]


def _fetched(name: str, file: File, mirror: str, progress: Progress) -> Path:
    folder = place(name)
    path, part = folder / file.name, folder / f"{file.name}.{file.hash[-8:]}.part"
    url = f"{mirror.rstrip('/')}/{file.name}" if mirror else file.url
    by_hand = f"{path.name} can be put into {folder} by hand, and --mirror URL names another place to get it from"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(part.with_suffix(".lock")):
            if path.exists():
                return _there(path, file)
            Download(part, file.size, progress, file.most).get(url)
            try:
                hash_matches(str(part), file.hash, strict=True, source=file.name)
            except ValueError:
                part.unlink()
                raise
            part.replace(path)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        kept = f"; {part.stat().st_size:,} bytes are kept, and the same command goes on there" if part.exists() else ""
        raise BenchError(f"{name}: cannot get {url}: {_short(error)}{kept}; {by_hand}") from error
    except ValueError as error:  # pooch's word for another hash, and for an address of no known kind
        raise BenchError(f"{name}: {url} is not the published {file.name}: {_short(error)}; {by_hand}") from error
    except OSError as error:
        raise BenchError(f"BENCH_CACHE: cannot write {path}: {error.strerror or error}") from error
    return path


def _there(path: Path, file: File) -> Path:
    try:
        return verified(path, file)
    except BenchError as error:
        raise BenchError(f"{error}; remove it and fetch it again") from None


class Download:
    """A download by HTTP, which goes on where it was cut.

    part: where the bytes are kept until they are all there. size: of the file, where known. most: the bytes that it has
    at most, where it is not. progress: as in `fetch`.
    """

    def __init__(self, part: Path, size: int | None, progress: Progress, most: int = File.most):
        self.part, self.size, self.progress = part, size, progress
        self.most = most if size is None else size

    def get(self, url: str) -> None:
        """Have `part` hold what is at `url`. Requests' and urllib3's errors once no byte comes any more."""
        idle = 0
        while True:
            before = self._have()
            try:
                self._go_on(url)
                return
            except (requests.HTTPError, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
                raise
            except (requests.RequestException, urllib3.exceptions.HTTPError):
                idle = 0 if self._have() > before else idle + 1
                if idle == TRIES:
                    raise
                if idle:
                    time.sleep(WAIT * 2 ** (idle - 1))

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _go_on(self, url: str) -> None:
        """Ask for what is missing, and add it."""
        have = self._have()
        asked = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=asked, stream=True, timeout=TIMEOUT) as response:
            told = response.headers.get("Content-Range", "")
            if response.status_code == 416:  # nothing lies beyond what is here
                if told != f"bytes */{have}":
                    self.part.unlink()
                    raise requests.ConnectionError(f"what was kept, {have:,} bytes, is longer than the file")
                return
            response.raise_for_status()
            goes_on = response.status_code == 206 and told.startswith(f"bytes {have}-")
            start = have if goes_on else 0
            of = _total(start, response.headers.get("Content-Length"))
            if self.size is not None and of not in (None, self.size):
                raise ValueError(f"it has {of:,} bytes, expected {self.size:,}")
            if of is not None and of > self.most:
                raise ValueError(f"it has {of:,} bytes, expected at most {self.most:,}")
            free = shutil.disk_usage(self.part.parent).free
            if of is not None and of - start > free:
                raise OSError(f"{of - start:,} bytes are to come, and {free:,} are free there")
            with self.part.open("ab" if goes_on else "wb") as file:
                self._write(file, response.raw, start, of)

    def _write(self, file: IO[bytes], raw: Any, at: int, of: int | None) -> None:
        for chunk in raw.stream(CHUNK, decode_content=False):  # a .gz file is wanted as it is
            file.write(chunk)
            at += len(chunk)
            self.progress(at, of)
            if at > self.most:
                with suppress(OSError):
                    self.part.unlink()
                raise ValueError(f"it has more than the {self.most:,} bytes expected")


def _total(start: int, length: str | None) -> int | None:
    return start + int(length) if length and length.isdigit() else None


def _short(error: Exception) -> str:
    """The error in a line."""
    return " ".join(str(error).split())
