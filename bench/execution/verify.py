"""Are stored results what the code gives? Scores again, from stored posteriors or weights, and whole runs again."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bench.environment import PINNED, REPRODUCIBLE, environment, is_reproducible, pinned, same_platform
from bench.errors import one_line
from bench.execution.job import Job, Means, Result
from bench.execution.pool import CREW, result_of
from bench.execution.trial import trial
from bench.quantities import BASELINES
from bench.scoring.protocol import Protocol, protocol_of
from bench.spec import Record, ScoreFile
from bench.store.files import Damaged
from bench.store.runs import Run
from bench.store.store import Store

# What a score may differ by, in its own unit and relative to itself, where the platform is another than the record's.
# Scores and codes differ by the order of sums. Bins and trees enlarge that: from the same codes, with another
# instruction set, 50 of 140 scores differed, by .003 at most: accuracies of trees by a few test rows
# (benchmarks/README.md).
# A training takes another course: seeds are then compared with seeds (bench.report.comparison).
TOLERANCES = {"posterior": 1e-2, "weights": 1e-2}


@dataclass(frozen=True)
class Difference:
    """A stored number that was not given again; found is nan where there was none."""

    key: str
    what: str
    stored: float
    found: float

    @property
    def text(self) -> str:
        """One line: the run, the number, what is stored, what was found, and by how much they differ."""
        apart = abs(self.found - self.stored)
        return f"{self.key}: {self.what}: stored {self.stored!r}, found {self.found!r}, apart by {apart:.3g}"


@dataclass(frozen=True)
class Checked:
    """What came of one run: how many numbers were compared, which differ, and what could not be compared.

    error: why the run could not be checked at all, which says nothing of its numbers.
    """

    key: str
    numbers: int
    exact: bool
    differences: tuple[Difference, ...]
    skipped: str = ""
    error: str = ""


def from_posteriors(store: Store) -> Iterator[Checked]:
    """Score every run's stored posterior again: the first repeat of each protocol that reads rows."""
    for record, scores in _runs(store):
        yield _checked(store, record, partial(_from_posterior, store, record, scores))
    CREW.dismiss()


def from_weights(store: Store, device: str = "cpu") -> Iterator[Checked]:
    """Encode and score every run again from its weights: every protocol, every repeat. Baselines are made again."""
    for record, scores in _runs(store):
        yield _checked(store, record, partial(_from_weights, store, record, scores, device))
    CREW.dismiss()


def retrained(
    store: Store, count: int, rng: np.random.Generator, device: str, unchecked: dict[str, str]
) -> Iterator[Run]:
    """Train `count` random runs again from their specs; with their threads, and reproducibly where they were.

    unchecked: takes the keys of those that could not be carried out, with the reason.
    """
    runs = [(record, scores) for record, scores in _runs(store) if record.spec.method not in BASELINES]
    for i in sorted(rng.choice(len(runs), min(count, len(runs)), replace=False).tolist()):
        record, scores = runs[i]
        try:
            result = _again(_job(record, *_asked(record, scores), device))
        except Exception as error:  # whatever its files state
            unchecked[record.key] = one_line(error)
            continue
        if reason := _failure(result):
            unchecked[record.key] = reason
        elif result.record is not None:
            yield Run(result.record, tuple(result.artefacts.scores))
    CREW.dismiss()


def _checked(store: Store, record: Record, check: Callable[[], Checked]) -> Checked:
    """What came of a check. A run that cannot be checked, whatever its files state, costs no other its own."""
    try:
        return check()
    except Damaged as error:
        store.damaged[record.key] = str(error)
    except Exception as error:
        return Checked(record.key, 0, True, (), error=one_line(error))
    return Checked(record.key, 0, True, ())


def _lacks(store: Store, record: Record, name: str) -> Checked | None:
    """That a run cannot be compared, where it was stored without a file of this name."""
    if name in store.manifest(record.key).files:
        return None
    baseline = record.spec.method in BASELINES
    why = "a baseline, which --weights makes again" if baseline else f"stored without {name}"
    return Checked(record.key, 0, True, (), why)


def _from_posterior(store: Store, record: Record, scores: list[ScoreFile]) -> Checked:
    if (lacking := _lacks(store, record, "posterior.npz")) is not None:
        return lacking
    known = [p for file in scores if (p := protocol_of(file, record.evaluation)) is not None and not p.on_table]
    left = len(scores) - len(known)
    device = str(record.environment.get("device", "cpu"))  # scoring knows none
    job = replace(_job(record, tuple(known), 1, device), posterior=store.posterior(record.key))
    why = f"{left} protocols need --weights" if left else ""
    return _compared(record, scores, _again(job), "posterior", job, why)


def _from_weights(store: Store, record: Record, scores: list[ScoreFile], device: str) -> Checked:
    protocols, repeats = _asked(record, scores)
    job = _job(record, protocols, repeats, device)
    if record.spec.method in BASELINES:
        if record.cost.get("updates") and not same_platform(record.environment, _here(job)):
            return Checked(record.key, 0, False, (), "a baseline that was trained on another platform")
        return _compared(record, scores, _again(job), "weights", job)
    if (lacking := _lacks(store, record, "model.safetensors")) is not None:
        return lacking
    job = replace(job, weights=store.weights(record.key))
    return _compared(record, scores, _again(job), "weights", job)


def _job(record: Record, protocols: tuple[Protocol, ...], repeats: int, device: str) -> Job:
    threads, reproducible = int(record.environment.get("threads", 1)), is_reproducible(record.environment)
    return Job(record.spec, protocols, repeats, device, threads, environment(), reproducible=reproducible)


def _again(job: Job) -> Result:
    """The result of a job; where its kernels have to be chosen before torch is loaded, of another process."""
    if not job.reproducible or is_reproducible(pinned()):
        return trial(job)
    return result_of(job, Means((job.device,), threads=job.threads, retries=0))


def _failure(result: Result) -> str:
    """Why a run could not be carried out or scored again; empty where it was."""
    failed = result.record is not None and result.record.status == "failed"
    trouble = (result.record.error or "") if failed and result.record is not None else result.trouble
    return trouble.strip().splitlines()[-1] if trouble else ""


def _here(job: Job) -> dict[str, str | int | bool]:
    """What a record of this job says of where it was made."""
    pins = {f"{PINNED}{name}": value for name, value in REPRODUCIBLE.items()} if job.reproducible else pinned()
    return {**environment(), **pins, "device": job.device.partition(":")[0], "threads": job.threads}


def _runs(store: Store) -> Iterator[tuple[Record, list[ScoreFile]]]:
    for record in store:
        if record.status == "done":
            try:
                yield record, store.scores(record.key)
            except Damaged as error:
                store.damaged[record.key] = str(error)


def _asked(record: Record, scores: Sequence[ScoreFile]) -> tuple[tuple[Protocol, ...], int]:
    protocols = tuple(p for file in scores if (p := protocol_of(file, record.evaluation)) is not None)
    return protocols, max((len(file.repeats) for file in scores), default=1)


def _compared(
    record: Record, stored: Sequence[ScoreFile], result: Result, how: str, job: Job, skipped: str = ""
) -> Checked:
    exact = same_platform(record.environment, _here(job))
    if reason := _failure(result):
        return Checked(record.key, 0, exact, (), error=reason)
    again = {name: value for file in result.artefacts.scores for name, value in _scores(file)}
    pairs = {name: value for file in stored for name, value in _scores(file) if name in again}
    unknown = [file.protocol for file in stored if protocol_of(file, record.evaluation) is None]
    if unknown:
        skipped = "; ".join([*([skipped] if skipped else []), f"this version does not know {', '.join(unknown)}"])
    differences = _differences(record.key, pairs, again, None if exact else TOLERANCES[how])
    return Checked(record.key, len(pairs), exact, tuple(differences), skipped)


def _scores(file: ScoreFile) -> Iterator[tuple[str, float]]:
    """Every number of a score file by a name of its own."""
    for r in file.repeats:
        for name, value in r.values.items():
            yield f"{file.protocol} repeat {r.repeat} {name}", value
        for name, values in r.per_factor.items():
            for k, one in enumerate(values):
                yield f"{file.protocol} repeat {r.repeat} {name} factor {k}", math.nan if one is None else one


def _differences(
    key: str, stored: Mapping[str, float], found: Mapping[str, float], tolerance: float | None
) -> list[Difference]:
    """Numbers that differ at all (tolerance None) or by more than it allows; nan equals nan."""
    differences = []
    for name, value in stored.items():
        other = found.get(name, math.nan)
        both_nan = math.isnan(value) and math.isnan(other)
        close = (
            other == value if tolerance is None else math.isclose(other, value, rel_tol=tolerance, abs_tol=tolerance)
        )
        if not (both_nan or close):
            differences.append(Difference(key, name, value, other))
    return differences
