"""A results folder while a study is under way: what is done, running, failed, damaged, left by the dead."""

import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from bench.errors import BenchError
from bench.execution import leases as lease
from bench.execution.job import Progress
from bench.execution.leases import Lease, Leases
from bench.store.atomic import unlinked
from bench.store.files import Damaged
from bench.store.store import Store
from bench.training import checkpoint


class Running(NamedTuple):
    """A run with a lease: who has it, whether that process lives, how far it is, seconds since it was taken."""

    key: str
    lease: Lease | None
    lives: bool
    progress: Progress | None
    seconds: float


class Survey(NamedTuple):
    """counts: runs by status. damaged: reasons by key. kept: trainings that can go on. aside: folders moved aside."""

    counts: Counter[str]
    running: list[Running]
    damaged: dict[str, str]
    kept: list[str]
    aside: list[str]


def survey(root: Path) -> Survey:
    """Look through a results folder without writing to it. BenchError where there is none."""
    if not root.is_dir():
        raise BenchError(f"results {root}: no such folder; run a study first (python -m bench run)")
    store, leases = Store(root), Leases(root)
    counts: Counter[str] = Counter()
    damaged = {}
    for key in store.keys():  # noqa: SIM118  # not a mapping
        try:
            state = store.state(key)
        except Damaged as error:
            damaged[key] = str(error)
            continue
        if state is not None:
            counts[state.status] += 1
    running = [
        Running(
            key,
            held,
            held is not None and leases.lives(key, n, held),
            lease.progress(root / lease.FOLDER, key),
            time.time() - held.taken if held is not None else 0.0,
        )
        for key, n, held in lease.leases(root / lease.FOLDER)
    ]
    kept = sorted(p.stem for p in unlinked(root, checkpoint.FOLDER).glob("[!.]*.safetensors"))
    aside = sorted(p.name for p in root.glob(".damaged-*"))
    return Survey(counts, running, damaged, kept, aside)
