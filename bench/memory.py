"""How much memory a run takes at its peak."""

import ctypes
import platform
import resource
import sys
from pathlib import Path

PEAK = "5"  # written to clear_refs, it sets the peak to what is resident now (proc(5))


def forget_peak() -> bool:
    """Begin to measure anew; False where the system does not let a process do that.

    What was freed before, and kept by the C library for later, goes back to the system first: it is no part of it.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text(PEAK)
    except OSError:
        return False
    return True


def peak_memory_mb(forgotten: bool) -> float:
    """The most MiB of this process that were resident at once since `forget_peak`, or in all its life."""
    if forgotten:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 1024
