"""A results folder while a study is under way: what is done, running, failed, damaged, left by the dead."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import msgspec

from bench.errors import BenchError
from bench.execution import leases as lease
from bench.execution.job import Progress
from bench.execution.leases import Lease, Leases
from bench.spec import RunSpec
from bench.store import atomic
from bench.store.atomic import unlinked
from bench.store.files import Damaged
from bench.store.store import FINAL, Store
from bench.training import checkpoint

ASKED = ".asked.json"  # in a results folder: which runs the last command asked for
LARGEST = 2**26  # bytes of that
SAMPLE = 50  # runs whose times are looked at


class Running(NamedTuple):
    """A run with a lease: who has it, whether that process lives, how far it is, seconds since it was taken."""

    key: str
    lease: Lease | None
    lives: bool
    progress: Progress | None
    seconds: float


class FolderStatus(NamedTuple):
    """counts: runs by status. damaged: reasons by key. kept: trainings that can go on. aside: folders moved aside.

    lost: why runs failed or diverged, by what they are. left: of the runs that the last command asked for, how many are
    not done; seconds_left: about how long they take at the pace so far, None where nothing tells.
    """

    counts: Counter[str]
    running: list[Running]
    damaged: dict[str, str]
    kept: list[str]
    aside: list[str]
    lost: dict[str, str]
    left: int
    seconds_left: float | None


def status_of(root: Path) -> FolderStatus:
    """Look through a results folder without writing to it. BenchError where there is none."""
    if not root.is_dir():
        raise BenchError(f"results {root}: no such folder; run a study first (python -m bench run)")
    store, leases = Store(root), Leases(root)
    states: dict[str, str] = {}
    damaged: dict[str, str] = {}
    for key in store.keys():  # noqa: SIM118  # not a mapping
        try:
            state = store.state(key)
        except Damaged as error:
            damaged[key] = str(error)
            continue
        if state is not None:
            states[key] = state.status
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
    lost = dict(_reason(store, key, status) for key, status in states.items() if status != "done")
    left, seconds = _left(store, states, sum(r.lives for r in running))
    return FolderStatus(Counter(states.values()), running, damaged, kept, aside, lost, left, seconds)


def note(root: Path, specs: Iterable[RunSpec]) -> None:
    """Keep beside the runs which ones a command asks for, so that `status_of` can tell how many are left."""
    with contextlib.suppress(OSError):  # a line of the status is not worth a study
        asked = {spec.key: spec.method for spec in specs}
        atomic.replace(unlinked(root, ASKED), msgspec.json.encode(asked))


def _left(store: Store, states: dict[str, str], at_once: int) -> tuple[int, float | None]:
    """How many of the runs asked for are not done, and the seconds that they take if so many run at once."""
    try:
        asked = msgspec.json.decode(atomic.read(unlinked(store.root, ASKED), LARGEST), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return 0, None
    left = [method for key, method in asked.items() if states.get(key) not in FINAL]
    took: dict[str, list[float]] = {}
    for key in [key for key in asked if states.get(key) == "done"][-SAMPLE:]:
        with contextlib.suppress(Damaged, ValueError):  # or a cost that is no number
            cost = store.record(key).cost
            seconds = (cost.get(name, 0.0) for name in ("seconds_training", "seconds_scoring"))
            took.setdefault(asked[key], []).append(sum(float(s) for s in seconds))
    if not left or not took:
        return len(left), None
    usual = fmean(s for several in took.values() for s in several)
    return len(left), sum(fmean(took.get(method, [usual])) for method in left) / max(1, at_once)


def _reason(store: Store, key: str, status: str) -> tuple[str, str]:
    """A run that is not done: what it is, and the last line of why."""
    try:
        error = (store.record(key).error or "").strip()
    except Damaged as damage:
        error = str(damage)
    return f"{status} {key}", error.splitlines()[-1] if error else "no reason is recorded"
