"""Writing so that a kill at any instant leaves the old content or the new, and finding what a dead writer left."""

import contextlib
import hashlib
import os
import shutil
import socket
import time
import uuid
from functools import cache
from pathlib import Path

import psutil

ABANDONED = 24 * 3600.0  # seconds after which what another machine writes aside is taken for left over
ASIDE = (".writing-", ".old-")


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
    except psutil.Error:
        return False


def aside(root: Path, kind: str = ".writing-") -> Path:
    """A new name beside the runs that says who writes it."""
    return root / f"{kind}{machine()}-{os.getpid()}-{uuid.uuid4().hex}"


def sweep(root: Path) -> list[Path]:
    """Remove what dead processes left aside in a results folder; what was removed."""
    removed = []
    for entry in os.scandir(root) if root.is_dir() else ():
        if entry.name.startswith(ASIDE) and not _written(entry):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)
            removed.append(Path(entry.path))
    return removed


def write(path: Path, content: bytes) -> None:
    """Write a new file, through to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes, root: Path) -> None:
    """Write a file in place of what is there, by way of a name aside in `root`."""
    new = aside(root)
    try:
        write(new, content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """See a folder's names through to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written(entry: os.DirEntry[str]) -> bool:
    """Whether someone may still be writing it: the process that its name states or, elsewhere, one within a day."""
    where, _, rest = entry.name.split("-", 1)[1].partition("-")
    pid = rest.partition("-")[0]
    if where == machine() and pid.isdigit():
        return alive(int(pid))
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime < ABANDONED
    except OSError:
        return True
