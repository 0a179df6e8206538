"""Where numbers come from: code, libraries, machine; and where files are kept that can be made anew."""

import contextlib
import os
import platform
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path, user_config_path

from bench.errors import BenchError

NAME = "disentanglement-bench"
# Which kernels torch (ATen, MKL, oneDNN) and NumPy (its own loops, OpenBLAS) take; read once, as a process loads them.
# These take the same on every x86-64 processor with AVX2: runs then round alike, bit for bit.
REPRODUCIBLE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
}
PINNED = "pinned_"  # before the name of each in a record
BF16 = ("avx512_bf16", "amx_bf16")  # a processor with either multiplies in bfloat16; others only imitate it
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")  # whose sizes decide how kernels cut their work
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "numba")


@cache
def environment() -> dict[str, str | int | bool]:
    """Code version (commit, and whether files differ from it), library versions, Python, platform and processor."""
    root = Path(__file__).parents[1]
    ours = _git(root, "rev-parse", "--show-toplevel") == str(root)  # not a repository around site-packages
    commit = _git(root, "rev-parse", "HEAD") if ours else ""
    return {
        "code_version": version(NAME),
        "commit": commit or "unknown",
        "dirty": bool(_git(root, "status", "--porcelain", "--untracked-files=no")) if commit else False,
        **{f"version_{library}": version(library) for library in LIBRARIES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu("model name"),
        "instruction_set": _instruction_set(),
        "caches": _caches(),
    }


def cache_directory() -> Path:
    """Where arrays are kept: BENCH_CACHE, or else the user's cache directory."""
    if given := os.environ.get("BENCH_CACHE"):
        return at_home(given)
    try:
        return user_cache_path(NAME, appauthor=False)
    except RuntimeError:  # a user without a home
        return Path(NAME)


def at_home(path: str | Path) -> Path:
    """The path, `~` being the user's home, as a shell has it in the first word of an argument only."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # no such user, or no home
        return Path(path)


def temporary_folder() -> Path:
    """A folder of this user's alone, of files that are gone when the machine starts anew. OSError where none can be."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"{NAME}-{user}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    status = folder.lstat()
    mine = not hasattr(os, "getuid") or (status.st_uid == user and not status.st_mode & 0o077)
    if not (stat.S_ISDIR(status.st_mode) and mine):  # another user's: what lies in it may be made to do harm
        return Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
    return folder


def settle_caches() -> None:
    """Have the suite and its libraries keep files in a place that can be written, where their own cannot.

    A user without a home, or with a home or an installation for reading only, has none. BENCH_CACHE is then a temporary
    folder, and the libraries' folders lie in BENCH_CACHE. What the environment says already is left as it is. To be
    called before numba and matplotlib are imported; processes that this one starts are told by the environment.
    """
    compiled = Path(__file__).parents[1] / "metrics" / "__pycache__"
    home = Path(os.path.expanduser("~"))  # stays ~ for a user without one, whom libraries do not expect
    try:
        user, settings = user_cache_path(), user_config_path("matplotlib")
    except RuntimeError:
        user = settings = home
    there = {
        "HOME": home.is_absolute(),
        "XDG_CACHE_HOME": writable(user),
        "NUMBA_CACHE_DIR": writable(compiled) or writable(user / "numba"),
        "MPLCONFIGDIR": writable(user / "matplotlib") and writable(settings),
        "TRITON_HOME": writable(home / ".triton"),
        "TORCHINDUCTOR_CACHE_DIR": writable(user),
    }
    missing = [name for name, known in there.items() if not known and name not in os.environ]
    own = cache_directory()
    if not missing and writable(own):
        return
    with contextlib.suppress(OSError):  # with nowhere to write, they do without
        place = own if writable(own) else temporary_folder()
        os.environ.setdefault("BENCH_CACHE", str(place))
        for name in missing:
            os.environ[name] = str(place / "libraries" / name.lower())


def writable(folder: Path) -> bool:
    """Whether files can be written in it, or it can be made."""
    there = next((parent for parent in (folder, *folder.parents) if parent.exists()), None)
    return folder.is_absolute() and there is not None and there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def pinned() -> dict[str, str]:
    """What tells this process which kernels to take, as a record states it; empty where nothing does."""
    return {f"{PINNED}{name}": os.environ[name] for name in REPRODUCIBLE if name in os.environ}


@contextlib.contextmanager
def reproducible_kernels() -> Iterator[None]:
    """Within it processes that are started take the kernels of REPRODUCIBLE."""
    before = {name: os.environ.get(name) for name in REPRODUCIBLE}
    os.environ.update(REPRODUCIBLE)
    try:
        yield
    finally:
        for name, value in before.items():
            del os.environ[name]
            os.environ |= {} if value is None else {name: value}


def is_reproducible(environment: Mapping[str, object]) -> bool:
    """Whether a record's environment states that its run was told to round alike on every x86-64 processor."""
    return all(environment.get(f"{PINNED}{name}") == value for name, value in REPRODUCIBLE.items())


def check_precision(precision: object, device: str, reproducible: bool) -> None:
    """BenchError where a training in bf16 would gain nothing on this machine, or has not been tried."""
    if precision != "bf16":
        return
    if device != "cpu":
        raise BenchError(f"precision=bf16: has not been tried on {device}; expected --device cpu")
    if reproducible:
        raise BenchError("precision=bf16: not with --reproducible, whose kernels (AVX2) do without bfloat16")
    if not {*BF16} & {*_cpu("flags").split()}:
        raise BenchError(
            f"precision=bf16: {_cpu('model name')} has neither {' nor '.join(BF16)}, so that it would be slower than "
            "fp32; leave --precision out"
        )


def same_platform(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two records' environments promise the same numbers bit for bit.

    Device, threads, system and versions of Python and the libraries are the same; and so is the processor, with the
    same kernels asked for, or both runs are reproducible. What either does not state (older records) is not compared.
    """
    known = one.keys() & other.keys()
    names = [n for n in known if n in ("device", "threads", "python") or n.startswith("version_")]
    here, there = (_system(str(e.get("platform", ""))) for e in (one, other))
    if here != there or any(one[n] != other[n] for n in names):
        return False
    if is_reproducible(one) and is_reproducible(other):
        return True
    pins = [f"{PINNED}{name}" for name in REPRODUCIBLE]
    processor = [n for n in ("cpu", "instruction_set", "caches", "gpu") if n in known]
    return all(one[n] == other[n] for n in processor) and all(one.get(n) == other.get(n) for n in pins)


def _system(platform_name: str) -> tuple[str, ...]:
    """System, machine and C library of `Linux-6.1.0-x86_64-with-glibc2.36`: the kernel's release rounds nothing."""
    return tuple(re.split(r"-.*-(?=x86_64|AMD64|aarch64|arm64)", platform_name, maxsplit=1))


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
