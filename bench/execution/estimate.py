"""What a study will take: seconds by method, of runs that are there or else calibrated; memory; room on the disk."""

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import msgspec

from bench.environment import environment, is_reproducible
from bench.execution.job import ExecutionConfig, Job
from bench.execution.pool import WORKERS, result_of
from bench.spec import Record
from bench.store.files import Damaged, files_of
from bench.store.store import Store
from bench.study.study import observations

WARM_UP = 20  # updates of a first run, in which libraries load and compile, and of the second, which has neither
SECONDS = 3.0  # that the third trains at least: its excess over the second is free of what a run costs once
LOAD = 2.0  # how much longer runs may take than seen, beside others and on a machine that does other work


class Estimate(NamedTuple):
    """Of all the runs of a method that are to be trained.

    least, most: seconds of one run, scoring included, by the fastest and the slowest run seen.
    memory, disk: bytes, of a process at its peak and of a run as it is stored. basis: what was seen, in words.
    """

    method: str
    runs: int
    least: float
    most: float
    memory: float
    disk: float
    basis: str


class Seen(NamedTuple):
    """What one run took: seconds once and by observation, scoring seconds included in `once`; bytes.

    scoring: those of a calibration's seconds.
    """

    once: float
    each: float
    memory: float
    disk: float
    scoring: float = 0.0


def estimates(jobs: Sequence[Job], config: ExecutionConfig, store: Store, say: Callable[[str], None]) -> list[Estimate]:
    """An estimate for each method of these jobs: from runs of the store if it has any like them, else calibrated.

    say: told what is calibrated, before each. Raises RuntimeError where such a run fails, with its error.
    """
    found: list[Estimate] = []
    like: Seen | None = None
    try:
        for method in dict.fromkeys(job.spec.method for job in jobs):
            mine = [job for job in jobs if job.spec.method == method]
            seen = of_store(mine[0], config, store)
            basis = f"{len(seen)} runs that are there" if len(seen) > 1 else "1 run that is there"
            if not seen:
                scoring = ", and the scoring, which is alike for all methods" if like is None else ""
                say(f"calibrating {method}: at least {SECONDS:g} s of training{scoring}")
                like = calibrated(mine[0], replace(config, retries=0), like)
                seen, basis = [like], "calibration"
            found.append(_estimate(method, mine, seen, basis))
    finally:
        WORKERS.dismiss()
    return found


def of_store(job: Job, config: ExecutionConfig, store: Store) -> list[Seen]:
    """What the done runs of the job's method, backbone and data set took on this kind of processor and device."""
    here = (environment()["cpu"], config.devices[0].partition(":")[0], config.threads, config.reproducible)
    found = []
    for record in Store(store.root):
        if record.status == "done" and _alike(record, job) and _place(record) == here:
            with suppress(Damaged, KeyError):
                disk = sum(file.size for file in store.manifest(record.key).files.values())
                found.append(_seen(record, 0.0, disk))
    return found


def calibrated(job: Job, config: ExecutionConfig, like: Seen | None = None) -> Seen:
    """What a run of the job takes, by three short ones. Raises RuntimeError where one fails, with its error.

    like: what a run of another method took, whose scoring is alike; without it two of the runs are scored.
    """
    unscored = replace(job, protocols=())
    first = job if like is None else unscored
    _tried(first, WARM_UP, config)
    short, disk = _tried(first, WARM_UP, config)
    per_update = max(float(short.cost["seconds_training"]) / WARM_UP, 1e-6)
    long, _ = _tried(unscored, updates := WARM_UP + math.ceil(SECONDS / per_update), config)
    while (trained := float(long.cost["seconds_training"])) < SECONDS and updates < job.spec.steps:
        updates = math.ceil(updates * min(10.0, 1.5 * SECONDS / max(trained, 0.1)))
        long, _ = _tried(unscored, updates, config)
    excess = max(0.0, trained - float(short.cost["seconds_training"]))
    each = excess / (observations(long.spec) - observations(short.spec))
    seen = _seen(long, max(0.0, trained - each * observations(long.spec)), disk)
    other = like or _seen(short, 0.0, disk)._replace(scoring=float(short.cost["seconds_scoring"]))
    return Seen(
        once=seen.once + other.scoring,
        each=seen.each,
        memory=max(seen.memory, other.memory),
        disk=max(seen.disk, other.disk),
        scoring=other.scoring,
    )


def seconds_in_all(each: Iterable[tuple[int, float]], processes: int) -> float:
    """Seconds for so many runs of so many seconds, on processes that do not slow each other down."""
    known = list(each)
    longest = max((seconds for _, seconds in known), default=0.0)
    return max(longest, sum(runs * seconds for runs, seconds in known) / processes)


def _estimate(method: str, jobs: Sequence[Job], seen: Sequence[Seen], basis: str) -> Estimate:
    mean = sum(observations(job.spec) for job in jobs) / len(jobs)
    seconds = [one.once + one.each * mean for one in seen]
    memory, disk = max(one.memory for one in seen), max(one.disk for one in seen)
    return Estimate(method, len(jobs), min(seconds), max(seconds), memory, disk, basis)


def _seen(record: Record, once: float, disk: float) -> Seen:
    """By a record's cost; `once`: seconds of its training that more updates would not add to."""
    training, scoring, peak = (float(record.cost[n]) for n in ("seconds_training", "seconds_scoring", "peak_memory_mb"))
    return Seen(once + scoring, (training - once) / observations(record.spec), peak * 2**20, disk)


def _alike(record: Record, job: Job) -> bool:
    parts = ("method", "backbone", "backbone_params", "dataset", "precision")
    return all(getattr(record.spec, part) == getattr(job.spec, part) for part in parts)


def _place(record: Record) -> tuple[object, ...]:
    """Processor, kind of device, threads and whether kernels were chosen to round alike: what speed depends on."""
    known = record.environment
    device = str(known.get("device", "")).partition(":")[0]
    return known.get("cpu"), device, known.get("threads"), is_reproducible(known)


def _tried(job: Job, updates: int, config: ExecutionConfig) -> tuple[Record, float]:
    """The record of a run of so many updates, and its bytes as stored. It is scored only by protocols."""
    short = msgspec.structs.replace(job.spec, steps=updates)
    result = result_of(replace(job, spec=short, weights=None, posterior=None, keeps=False), config)
    record = result.record
    if record is None or record.status == "failed":
        raise RuntimeError((record and record.error) or "stopped")
    return record, sum(map(len, files_of(record, result.artefacts).values()))


def size(number: float) -> str:
    """Bytes in words, for example `1.4 GB`."""
    power = min(4, int(math.log(max(number, 1), 1000)))
    return f"{number / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"
