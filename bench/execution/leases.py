"""Leases: which process does which run of a results folder, on one machine or on several that share the folder.

A lease is a file `.leases/KEY.N.json`, made so that only one process can make it. The one of the highest N holds. A
process shows that it lives by touching a file of its own; where its machine is ours, its number is looked up instead.
To take over the lease of a dead process is to make the file of N + 1: of several that try, one succeeds.
"""

import contextlib
import os
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from bench.errors import BenchError
from bench.execution.job import Progress
from bench.store import atomic
from bench.store.atomic import alive, machine

FOLDER = ".leases"
BEAT = 10.0  # seconds between two signs of life
LIMIT = 90.0  # seconds without one after which a process on another machine is taken for dead
NAME = re.compile(r"([0-9a-f]{16})\.(\d{1,9})\.json")
OWNER = re.compile(r"([0-9a-f]{8})-(\d+)-[0-9a-f]+")
LARGEST = 65536  # bytes that a file here can have and be ours


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who does a run: host, process, and when the process and the run began, in seconds since 1970."""

    owner: str
    host: str
    machine: str
    pid: int
    started: float
    taken: float


class Leases:
    """The leases of one process on a results folder; a context within which it shows that it lives."""

    def __init__(self, root: Path, beat: float = BEAT, limit: float = LIMIT) -> None:
        self.folder, self.beat, self.limit = atomic.unlinked(root, FOLDER), beat, limit
        self.owner = f"{machine()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self.sign = self.folder / f"{self.owner}.alive"
        self.held: dict[str, Path] = {}
        self.ended = threading.Event()

    def __enter__(self) -> "Leases":
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.sign.touch()
        except OSError as error:
            raise BenchError(f"{self.folder}: cannot be written: {error.strerror}") from None
        threading.Thread(target=self._show_life, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for key in list(self.held):
            self.release(key)
        self.sign.unlink(missing_ok=True)

    def take(self, key: str) -> bool:
        """Take the lease of a run; False where another process that lives has it."""
        latest = _latest(self.folder, key)
        number = 0
        if latest is not None:
            number, lease = latest
            held = self._being_made(key, number) if lease is None else self.lives(key, number, lease)
            if held:
                return False
            number += 1
        path = self.folder / f"{key}.{number}.json"
        process = psutil.Process()
        mine = Lease(
            owner=self.owner,
            host=socket.gethostname(),
            machine=machine(),
            pid=process.pid,
            started=process.create_time(),
            taken=time.time(),
        )
        if not _made(path, msgspec.json.encode(mine), self.folder / f"{self.owner}.new"):
            return False
        self.held[key] = path
        return True

    def sweep(self, finished: Callable[[str], bool]) -> None:
        """Remove what dead processes left here: leases of runs that are finished, signs of life, progress."""
        dead = {key for key, n, lease in leases(self.folder) if lease is None or not self.lives(key, n, lease)}
        for key in filter(finished, dead):
            for path in self.folder.glob(f"{key}.*"):
                atomic.discard(path)
        atomic.sweep(self.folder)
        owners = {lease.owner for _, _, lease in leases(self.folder) if lease is not None}
        for sign in [*self.folder.glob("*.alive"), *self.folder.glob("*.new")]:
            named = OWNER.fullmatch(sign.stem)
            ours = named is not None and named[1] == machine()
            gone = not alive(int(named[2])) if named is not None and ours else self._silent(sign)
            if gone and sign.stem not in owners:
                atomic.discard(sign)

    def release(self, key: str) -> None:
        """Give a lease back, with those that it took over."""
        path = self.held.pop(key, None)
        if path is None:
            return
        number = int(path.name.split(".")[1])
        progress_file(self.folder, key).unlink(missing_ok=True)
        for n in range(number + 1):  # its own last
            (self.folder / f"{key}.{n}.json").unlink(missing_ok=True)

    def lives(self, key: str, number: int, lease: Lease) -> bool:
        """Whether the owner of a lease lives."""
        if lease.owner == self.owner:
            return True
        if lease.machine == machine():
            return alive(lease.pid, lease.started)
        return not self._silent(self.folder / f"{lease.owner}.alive", self.folder / f"{key}.{number}.json")

    def _being_made(self, key: str, number: int) -> bool:
        """Whether a lease has no content yet, as where there are no hard links, and its process may still write it."""
        path = self.folder / f"{key}.{number}.json"
        with contextlib.suppress(OSError):
            return path.stat().st_size == 0 and not self._silent(path)
        return False

    def _silent(self, *signs: Path) -> bool:
        """Whether none of these files was touched lately, by the clock that stamps this folder's files."""
        with contextlib.suppress(OSError):
            os.utime(self.sign)
        now = _touched(self.sign) or time.time()  # one who only looks has no sign of its own
        return all(now - _touched(sign) > self.limit for sign in signs)

    def _show_life(self) -> None:
        while not self.ended.wait(self.beat):
            with contextlib.suppress(OSError):  # a file system that comes back
                self.sign.touch()


def leases(folder: Path) -> list[tuple[str, int, Lease | None]]:
    """The lease that holds of each run: key, number, and what it states; None where it cannot be read."""
    highest: dict[str, int] = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            if found := NAME.fullmatch(entry.name):
                highest[found[1]] = max(int(found[2]), highest.get(found[1], 0))
    return [(key, n, _read(folder / f"{key}.{n}.json")) for key, n in sorted(highest.items())]


def progress_file(folder: Path, key: str) -> Path:
    """Where a run's process says how far it is."""
    return folder / f"{key}.progress"


def progress(folder: Path, key: str) -> Progress | None:
    """How far a run is, if it says so."""
    content = _content(progress_file(folder, key))
    try:
        return msgspec.json.decode(content, type=Progress) if content else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _latest(folder: Path, key: str) -> tuple[int, Lease | None] | None:
    numbers = [int(found[2]) for p in folder.glob(f"{key}.*.json") if (found := NAME.fullmatch(p.name))]
    return (max(numbers), _read(folder / f"{key}.{max(numbers)}.json")) if numbers else None


def _made(path: Path, content: bytes, aside: Path) -> bool:
    """Make a file that no one else has made; False where it is there.

    Its content is in it from its first instant, or from the next one on a file system without hard links.
    """
    try:
        aside.write_bytes(content)
        try:
            os.link(aside, path)
        except FileExistsError:
            raise
        except OSError:
            with path.open("xb") as file:
                file.write(content)
    except FileExistsError:
        return False
    except OSError as error:
        raise BenchError(f"{path}: cannot be written: {error.strerror}") from None
    finally:
        aside.unlink(missing_ok=True)
    return True


def _read(path: Path) -> Lease | None:
    try:
        return msgspec.json.decode(_content(path), type=Lease)
    except (msgspec.DecodeError, RecursionError):
        return None


def _content(path: Path) -> bytes:
    try:
        return atomic.read(path, LARGEST)
    except OSError:
        return b""


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
