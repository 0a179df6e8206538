"""What a study will take: time by method from a short calibration on this machine, memory, and room on the disk."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import msgspec

from bench.execution.job import Job, Means
from bench.execution.pool import CREW, result_of
from bench.store.files import files_of
from bench.study.study import observations

UPDATES = (10, 50)  # of the two calibration runs: their difference is free of what a run costs once


class Estimate(NamedTuple):
    """Of all the runs of a method that are to be trained.

    seconds: of one run on one process; memory, disk: bytes, of a process at its peak and of a run as it is stored.
    """

    method: str
    runs: int
    seconds: float
    memory: float
    disk: float


def estimates(jobs: Sequence[Job], means: Means) -> list[Estimate]:
    """An estimate for each method of these jobs, from two short runs of its first one. Takes some seconds a method.

    Raises RuntimeError where such a run fails, with its error.
    """
    found = []
    try:
        for method in dict.fromkeys(job.spec.method for job in jobs):
            mine = [job for job in jobs if job.spec.method == method]
            short, long = (_tried(mine[0], updates, replace(means, retries=0)) for updates in UPDATES)
            each = max(0.0, long.seconds - short.seconds) / (UPDATES[1] - UPDATES[0])
            once = max(0.0, short.seconds - each * UPDATES[0]) + long.scoring
            mean = sum(observations(job.spec) for job in mine) / len(mine) / observations(_shortened(mine[0], 1).spec)
            found.append(Estimate(method, len(mine), once + each * mean, long.memory, long.disk))
    finally:
        CREW.dismiss()
    return found


def seconds_in_all(found: Sequence[Estimate], processes: int) -> float:
    """Seconds for all runs on so many processes that do not slow each other down."""
    total = sum(e.seconds * e.runs for e in found)
    longest = max((e.seconds for e in found), default=0.0)
    return max(longest, total / processes)


class _Tried(NamedTuple):
    seconds: float
    scoring: float
    memory: float
    disk: float


def _tried(job: Job, updates: int, means: Means) -> _Tried:
    result = result_of(_shortened(job, updates), means)
    record = result.record
    if record is None or record.status == "failed":
        raise RuntimeError((record and record.error) or "stopped")
    training, scoring, peak = (float(record.cost[n]) for n in ("seconds_training", "seconds_scoring", "peak_memory_mb"))
    disk = sum(map(len, files_of(record, result.artefacts).values()))
    return _Tried(training, scoring, peak * 2**20, disk)


def _shortened(job: Job, updates: int) -> Job:
    return replace(job, spec=msgspec.structs.replace(job.spec, steps=updates), weights=None, posterior=None)


def size(number: float) -> str:
    """Bytes in words, for example `1.4 GB`."""
    power = min(4, int(math.log(max(number, 1), 1000)))
    return f"{number / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"
