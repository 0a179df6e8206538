"""Writing so that a kill at any instant leaves the old content or the new, and reading without following links.

What is written is written aside, under a name that says who writes it, and renamed when it is whole. What a dead writer
left aside is found by that name.
"""

import contextlib
import ctypes
import errno
import hashlib
import os
import re
import shutil
import socket
import stat
import sys
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psutil

from bench.errors import BenchError

ABANDONED = 24 * 3600.0  # seconds after which what another machine writes aside is taken for left over
ASIDE = re.compile(r"\.(?:writing|old)-(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{32}(?:\.\w+)?")
SWAP = 2  # RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS
HERE = -100  # AT_FDCWD of Linux


class Linked(BenchError):
    """A link where a file or folder of a results folder is expected; none is followed."""


@cache
def machine() -> str:
    """This machine, since it was started, as processes see it that see each other's numbers; a hash of 8 digits."""
    parts = [socket.gethostname()]
    for path in (Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")):
        with contextlib.suppress(OSError):
            parts.append(os.readlink(path) if path.is_symlink() else path.read_text().strip())
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:8]


def alive(pid: int, started: float | None = None) -> bool:
    """Whether a process of this machine lives; with `started` (seconds since 1970) not another one of its number."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return started is None or abs(process.create_time() - started) < 60  # clocks are set
    except (psutil.Error, OverflowError, ValueError):  # no number of a process
        return False


def aside(folder: Path, kind: str = ".writing-", suffix: str = "") -> Path:
    """A new name in a folder that says who writes it."""
    return folder / f"{kind}{machine()}-{os.getpid()}-{uuid.uuid4().hex}{suffix}"


def sweep(folder: Path) -> list[Path]:
    """Remove what dead processes left aside in a folder; what was removed."""
    removed = []
    for entry in os.scandir(folder) if folder.is_dir() else ():
        if (named := ASIDE.fullmatch(entry.name)) and not _written(entry, named):
            discard(Path(entry.path))
            removed.append(Path(entry.path))
    return removed


def discard(path: Path) -> None:
    """Remove a file, a link or a folder, whatever is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write(path: Path, content: bytes) -> None:
    """Write a new file, through to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def replacing(path: Path, folder: Path | None = None) -> Iterator[Path]:
    """A name for a new file, which takes the place of `path` at the end of the block, or goes if the block fails.

    Where none is written, `path` stays as it is.
    folder: where it is written meanwhile, on the same file system; by default beside `path`.
    """
    new = aside(folder or path.parent, suffix=path.suffix)
    try:
        yield new
        if new.exists():
            new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def replace(path: Path, content: bytes, folder: Path | None = None) -> None:
    """Write a file in place of what is there, through to the disk; `folder` as for `replacing`."""
    with replacing(path, folder) as new:
        write(new, content)


@contextlib.contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """A new folder, which takes the place of `folder` at the end of the block, or goes if the block fails.

    Files of the old one that the new one has not are taken over. Who looks sees the old folder or the new one, whole;
    but file by file, each whole, on a file system that cannot exchange two folders.
    """
    folder = Path(os.path.realpath(folder))
    new = _beside(folder)
    try:
        yield new
        if folder.is_dir():
            _take_over(folder, new)
        if not _exchanged(new, folder):
            _move(new, folder)
    finally:
        discard(new)


def unlinked(root: Path, name: str) -> Path:
    """The path of a name under a results folder. Linked where a part of it is a link: it may lead anywhere."""
    path = str(root)
    for part in name.split("/"):
        path = os.path.join(path, part)
        if os.path.islink(path):
            raise Linked(f"{path}: is a link; under a results folder none is followed")
    return Path(path)


def read(path: Path | str, most: int | None = None) -> bytes:
    """A file's content. OSError where it is a link, anything but a file, or has more than `most` bytes."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "is a link, which is not followed") from None
        raise
    with open(handle, "rb", buffering=0) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is no file")
        if most is not None and found.st_size > most:
            raise OSError(errno.EFBIG, f"{found.st_size} bytes, more than the {most} that it may have")
        return file.read()


def sync(folder: Path) -> None:
    """See a folder's names through to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written(entry: os.DirEntry[str], named: re.Match[str]) -> bool:
    """Whether someone may still be writing it: the process that its name states or, elsewhere, one within a day."""
    if named["machine"] == machine():
        return alive(int(named["pid"]))
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime < ABANDONED
    except OSError:
        return True


def _beside(folder: Path) -> Path:
    """A new folder beside another or, where its parent cannot be written, in it; what dead writers left goes."""
    parent = folder.parent if not os.path.ismount(folder) else folder
    parent.mkdir(parents=True, exist_ok=True)
    for place in dict.fromkeys((parent, folder)):
        new = aside(place)
        try:
            sweep(place)
            new.mkdir()
        except OSError:
            if place == folder or not folder.is_dir():
                raise
            continue
        break
    return new


def _take_over(old: Path, new: Path) -> None:
    """Have `new` hold what it has not of `old`: files as hard links or, where there are none, as copies."""
    shutil.copymode(old, new)
    for entry in os.scandir(old):
        target = new / entry.name
        if ASIDE.fullmatch(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            if not target.exists():
                target.mkdir()
            if target.is_dir():
                _take_over(Path(entry.path), target)
        elif not os.path.lexists(target):
            try:
                os.link(entry.path, target, follow_symlinks=False)
            except (OSError, NotImplementedError):
                shutil.copy2(entry.path, target, follow_symlinks=False)


def _exchanged(new: Path, folder: Path) -> bool:
    """Put a folder in the place of one that is missing, empty, or takes its own; False where the system cannot."""
    with contextlib.suppress(OSError):  # not empty
        new.rename(folder)
        return True
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "darwin":
            return int(library.renamex_np(os.fsencode(new), os.fsencode(folder), SWAP)) == 0
        return int(library.renameat2(HERE, os.fsencode(new), HERE, os.fsencode(folder), SWAP)) == 0
    except (AttributeError, OSError, TypeError):
        return False


def _move(new: Path, folder: Path) -> None:
    """Move files into a folder one by one, those that lead to the others (index.html, report.md) last."""
    files = [path for path in new.rglob("*") if path.is_symlink() or not path.is_dir()]
    for path in sorted(files, key=lambda path: (path.parent == new, path.suffix == ".html", path)):
        target = folder / path.relative_to(new)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
