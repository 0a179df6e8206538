"""The memory of a process: kept from one training step to the next, and how much a run takes at its peak."""

import ctypes
import platform
import resource
import sys
from pathlib import Path

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # glibc's malloc.h
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
        peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
        if peaks:  # a sandbox may leave it out
            return peaks[0] / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 1024


def keep_freed_memory() -> None:
    """Let this process reuse the memory it frees; does nothing where the C library is not glibc.

    A step allocates and frees the same few large tensors; glibc unmaps them and the kernel faults them in again, page
    by page. Measured on one core: 1.1 (guide) to 1.3 (locatello, small) times the images per second.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(M_MMAP_MAX, 0)
    mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(M_TOP_PAD, 64 * 2**20)
