"""Where numbers come from: code, libraries, machine."""

import contextlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

PINNING = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA")  # which kernels torch takes, where it is told
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")  # whose sizes decide how kernels cut their work
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "numba")


@cache
def environment() -> dict[str, str | int | bool]:
    """Code version (commit, and whether files differ from it), library versions, Python, platform and processor."""
    root = Path(__file__).parents[1]
    ours = _git(root, "rev-parse", "--show-toplevel") == str(root)  # not a repository around site-packages
    commit = _git(root, "rev-parse", "HEAD") if ours else ""
    return {
        "code_version": version("disentanglement-bench"),
        "commit": commit or "unknown",
        "dirty": bool(_git(root, "status", "--porcelain", "--untracked-files=no")) if commit else False,
        **{f"version_{library}": version(library) for library in LIBRARIES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu("model name"),
        "instruction_set": _instruction_set(),
        "caches": _caches(),
        **{f"pinned_{name}": os.environ[name] for name in PINNING if name in os.environ},
    }


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu(what: str) -> str:
    """A line of what Linux states of the processor (its name, its flags); elsewhere what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    stated = (line.split(":", 1)[1].strip() for line in lines if line.startswith(what))
    return next(stated, platform.machine())


def _instruction_set() -> str:
    """The widest vectors of the processor: two processors whose vectors differ round differently."""
    flags = set(_cpu("flags").split())
    return next((name for name in ("avx512f", "avx2", "avx", "sse4_1") if name in flags), platform.machine())


def _caches() -> str:
    """Sizes of the first core's caches, for example `L1 48K, L1 32K, L2 2048K, L3 266240K`; empty where not stated."""
    found = []
    with contextlib.suppress(OSError):
        for index in sorted(CACHES.glob("index*")):
            level, size = ((index / name).read_text().strip() for name in ("level", "size"))
            found.append(f"L{level} {size}")
    return ", ".join(found)
