"""Where numbers come from: code, libraries, machine."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

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
        "cpu": _cpu(),
    }


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu() -> str:
    """The processor's name as Linux states it, or what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
