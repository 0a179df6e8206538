"""Are stored results what the code gives? Scores again, from stored posteriors or weights, and whole runs again."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.environment import environment
from bench.errors import one_line
from bench.execution.job import Job, Result
from bench.execution.trial import trial
from bench.quantities import BASELINES
from bench.scoring.evaluate import scores_of
from bench.scoring.protocol import Protocol, protocol_of
from bench.spec import Record, ScoreFile
from bench.store.files import Damaged
from bench.store.store import Store
from metrics._codes import Posterior

# What a number may differ by, in its own unit and relative to itself, where the platform is another than the record's.
# Scores of the same codes differ by rounding; codes of the same weights by the order of sums, which a metric with bins
# or trees may enlarge; a training takes another course.
TOLERANCES = {"posterior": 1e-6, "weights": 1e-2, "retrain": 0.1}
PLATFORM = ("platform", "cpu", "python")


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


def from_weights(store: Store, device: str = "cpu") -> Iterator[Checked]:
    """Encode and score every run again from its weights: every protocol, every repeat. Baselines are made again."""
    for record, scores in _runs(store):
        yield _checked(store, record, partial(_from_weights, store, record, scores, device))


def from_specs(store: Store, count: int, rng: np.random.Generator, device: str = "cpu") -> Iterator[Checked]:
    """Train `count` random runs again from their specs and compare diagnostics, loss terms and scores."""
    runs = [(record, scores) for record, scores in _runs(store) if record.spec.method not in BASELINES]
    for i in sorted(rng.choice(len(runs), min(count, len(runs)), replace=False).tolist()):
        record, scores = runs[i]
        yield _checked(store, record, partial(_from_spec, record, scores, device))


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
    stored = Posterior(**store.posterior(record.key))
    known = [p for file in scores if (p := protocol_of(file, record.evaluation)) is not None and not p.on_table]
    again = _again(stored, known, record.spec.seed)
    left = len(scores) - len(known)
    device = str(record.environment.get("device", "cpu"))  # scoring knows none
    why = f"{left} protocols need --weights" if left else ""
    return _compared(record, scores, again, "posterior", device, why)


def _from_weights(store: Store, record: Record, scores: list[ScoreFile], device: str) -> Checked:
    made_again = record.spec.method in BASELINES
    if not made_again and (lacking := _lacks(store, record, "model.safetensors")) is not None:
        return lacking
    weights = None if made_again else store.weights(record.key)
    result = trial(Job(record.spec, *_asked(record, scores), device, _threads(record), weights=weights))
    how = "retrain" if made_again and record.cost.get("updates") else "weights"
    return _unchecked(record, result) or _compared(record, scores, result.artefacts.scores, how, device)


def _from_spec(record: Record, scores: list[ScoreFile], device: str) -> Checked:
    result = trial(Job(record.spec, *_asked(record, scores), device, _threads(record), environment()))
    if (unchecked := _unchecked(record, result)) is not None:
        return unchecked
    assert result.record is not None
    if result.record.status != "done":
        reason = (result.record.error or "").strip().splitlines()[-1]
        return Checked(record.key, 0, True, (Difference(record.key, f"status ({reason})", 1.0, 0.0),))
    found = _compared(record, scores, result.artefacts.scores, "retrain", device)
    pairs = {**_numbers(record.terms), **_numbers(record.diagnostics)}
    again = {**_numbers(result.record.terms), **_numbers(result.record.diagnostics)}
    further = _differences(record.key, pairs, again, None if found.exact else TOLERANCES["retrain"])
    return Checked(record.key, found.numbers + len(pairs), found.exact, (*found.differences, *further))


def _unchecked(record: Record, result: Result) -> Checked | None:
    """That a run could not be carried out or scored again, and why; None where it was."""
    failed = result.record is not None and result.record.status == "failed"
    trouble = (result.record.error or "") if failed and result.record is not None else result.trouble
    return Checked(record.key, 0, True, (), error=trouble.strip().splitlines()[-1]) if trouble else None


def _threads(record: Record) -> int:
    return int(record.environment.get("threads", 1))


def same_platform(record: Record, device: str) -> bool:
    """Whether this is the kind of machine and device that made the record, with the same versions of the libraries."""
    here: Mapping[str, object] = {**environment(), "device": device.partition(":")[0]}
    names = [n for n in record.environment if n in (*PLATFORM, "device") or n.startswith("version_")]
    return all(record.environment[n] == here.get(n) for n in names)


def _runs(store: Store) -> Iterator[tuple[Record, list[ScoreFile]]]:
    for record in store:
        if record.status == "done":
            try:
                yield record, store.scores(record.key)
            except Damaged as error:
                store.damaged[record.key] = str(error)


def _again(stored: Posterior, protocols: Sequence[Protocol], seed: int) -> list[ScoreFile]:
    return scores_of(protocols, 1, seed, lambda p, r: stored)


def _asked(record: Record, scores: Sequence[ScoreFile]) -> tuple[tuple[Protocol, ...], int]:
    protocols = tuple(p for file in scores if (p := protocol_of(file, record.evaluation)) is not None)
    return protocols, max((len(file.repeats) for file in scores), default=1)


def _compared(
    record: Record,
    stored: Sequence[ScoreFile],
    found: Sequence[ScoreFile],
    how: str,
    device: str,
    skipped: str = "",
) -> Checked:
    exact = same_platform(record, device)
    again = {name: value for file in found for name, value in _scores(file)}
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


def _numbers(values: Mapping[str, object]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in values.items():
        entries = {f"{name} {i}": entry for i, entry in enumerate(value)} if isinstance(value, list) else {name: value}
        found |= {n: float(v) for n, v in entries.items() if isinstance(v, int | float)}
    return found


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
