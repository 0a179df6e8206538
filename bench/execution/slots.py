"""Slots: how many processes of this machine use a device at once, held by locks of the operating system.

A process that dies, however it dies, frees its slot. No torch here: what a process sees of the machine's devices is
settled before torch is imported.
"""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from bench.environment import temporary_folder
from bench.errors import BenchError

POLL = 0.2  # seconds between two looks for a free slot
DEVICE = re.compile(r"(cpu|cuda)(?::(\d+))?")


@dataclass(frozen=True)
class Slot:
    """A place on a device: `cuda:2/0` is the first place on GPU 2, `cpu` any place on the processor."""

    name: str
    lock: FileLock | None = None

    @property
    def device(self) -> str:
        """What torch calls the device in a process that sees no other."""
        return self.name.partition(":")[0]

    @property
    def environment(self) -> dict[str, str]:
        """What makes the device the only one that a process sees; to be set before torch is imported."""
        if self.device != "cuda":
            return {"CUDA_VISIBLE_DEVICES": ""}
        return {"CUDA_VISIBLE_DEVICES": _physical(int(self.name.partition(":")[2].partition("/")[0]))}


def devices(given: str, gpus: int) -> tuple[str, ...]:
    """The devices that `--device` names on a machine with so many GPUs. BenchError where one is not there."""
    if given in ("auto", "cuda"):
        if gpus:
            return tuple(f"cuda:{i}" for i in range(gpus))
        if given == "auto":
            return ("cpu",)
        raise BenchError("device=cuda: torch finds no GPU here; cpu is always there")
    names = [word.strip() for word in given.split(",")]
    for name in names:
        found = DEVICE.fullmatch(name)
        if found is None or (name == "cuda" and len(names) > 1):
            raise BenchError(f"device={given}: expected auto, cpu, cuda, or a list such as cuda:0,cuda:2")
        if found[1] == "cuda" and int(found[2]) >= gpus:
            raise BenchError(f"device={name}: torch finds {gpus} GPUs here; cpu is always there")
    if len(set(names)) < len(names):
        raise BenchError(f"device={given}: expected each device once")
    return tuple(names)


def places(names: Sequence[str], runs_per_device: int) -> list[str]:
    """The slots on these devices, an equal number on each before any gets another. `cpu` alone has no number."""
    return [name if ":" not in name else f"{name}/{i}" for i in range(runs_per_device) for name in names]


def folder(given: str = "") -> Path:
    """The folder of this machine's and user's locks, made if need be."""
    path = Path(given) if given else temporary_folder()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def take(names: Sequence[str], locks: Path) -> Slot:
    """The first free slot of these, waiting for one if need be. It is held until the process ends."""
    while True:
        for name in names:
            if ":" not in name:
                return Slot(name)
            lock = FileLock(locks / f"{_identity(name)}.lock", is_singleton=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return Slot(name, lock)
        time.sleep(POLL)


def _identity(name: str) -> str:
    """A file name for the slot: by the physical GPU, whatever number a process gives it."""
    kind, _, place = name.partition(":")
    index, _, i = place.partition("/")
    return f"{kind}-{_physical(int(index)) if kind == 'cuda' else index}-{i}".replace(os.sep, "_")


def _physical(index: int) -> str:
    """The name of the index-th GPU that this process may see, as CUDA_VISIBLE_DEVICES lists them."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return str(index)
    names = [name.strip() for name in listed.split(",") if name.strip()]
    return names[index] if index < len(names) else str(index)
