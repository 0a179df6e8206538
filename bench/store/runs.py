"""A run as a report sees it: its record, its scores, its history; and the numbers that are averaged over seeds."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.quantities import Quantity
from bench.spec import Record, ScoreFile, setting_id
from bench.store.files import Manifest

Matrix = NDArray[np.float64]
History = Sequence[Mapping[str, float]]
SCORES = msgspec.msgpack.Decoder(tuple[ScoreFile, ...])
HISTORY = msgspec.msgpack.Decoder(tuple[list[str], list[list[float | None]]])


class Source(Protocol):
    """What a report reads of a store. damaged: by key, the runs that cannot be read, and why."""

    damaged: dict[str, str]

    def __iter__(self) -> Iterator[Record]: ...

    def scores(self, key: str) -> list[ScoreFile]:
        """Every protocol's scores of a run; this and what follows raise bench.store.store.Damaged where a file is."""
        ...

    def history(self, key: str) -> list[dict[str, float]]:
        """The loss terms of a run by logged update."""
        ...

    def manifest(self, key: str) -> Manifest:
        """The files of a run."""
        ...

    def picture(self, key: str, name: str) -> NDArray[np.uint8]:
        """One of its PNG files."""
        ...


class Run:
    """A record, its scores ordered by protocol, its history, and the store that holds its other files.

    A report holds thousands: scores and histories are kept packed.
    """

    def __init__(
        self, record: Record, scores: tuple[ScoreFile, ...], source: Source | None = None, history: History = ()
    ) -> None:
        self.record = record
        self.source = source
        self._packed = msgspec.msgpack.encode(scores)
        names = list(dict.fromkeys(name for row in history for name in row))
        self._history = msgspec.msgpack.encode((names, [[row.get(name) for name in names] for row in history]))

    @classmethod
    def read(cls, record: Record, source: Source) -> "Run":
        """With all that a store has of it. Damaged where one of its files cannot be trusted."""
        return cls(record, tuple(source.scores(record.key)), source, source.history(record.key))

    @property
    def scores(self) -> tuple[ScoreFile, ...]:
        """By every protocol."""
        return SCORES.decode(self._packed)

    @cached_property
    def setting(self) -> str:
        """The id of its setting."""
        return setting_id(self.record.spec)

    @property
    def history(self) -> list[dict[str, float]]:
        """Its loss terms and gradient norms by logged update."""
        names, rows = HISTORY.decode(self._history)
        return [{n: v for n, v in zip(names, row, strict=True) if v is not None} for row in rows]


def matrix_of(scores: Iterable[ScoreFile], name: str) -> Matrix | None:
    """A metric's matrix (D, K) in its first evaluation, by the first protocol that has one of this name."""
    found = (s.repeats[0].matrices[name] for s in scores if s.repeats and name in s.repeats[0].matrices)
    first = next(found, None)
    return None if first is None else np.array(first, dtype=np.float64)


def run_values(run: Run) -> dict[Quantity, float]:
    """A run's finite numbers: diagnostics, gradient norms in training, scores as means over evaluation repeats."""
    return finite_values(run.record, run.history, evaluations(run.scores))


def finite_values(
    record: Record, history: Sequence[Mapping[str, float]], scored: Mapping[Quantity, list[float]]
) -> dict[Quantity, float]:
    """The same, of what was read of it."""
    values: dict[Quantity, float] = {}
    for name, value in record.diagnostics.items():
        if not isinstance(value, bool | list):
            values[Quantity(name)] = float(value)
    for name in [n for n in (history[0] if history else ()) if n.startswith("grad_")]:
        norms = [logged[name] for logged in history if name in logged]
        values[Quantity(f"{name}_median")] = statistics.median(norms)
        values[Quantity(f"{name}_max")] = max(norms)
    values |= {q: math.fsum(several) / len(several) for q, several in scored.items()}
    return {q: v for q, v in values.items() if math.isfinite(v)}


def evaluations(scores: Iterable[ScoreFile]) -> dict[Quantity, list[float]]:
    """Each score of a run by evaluation repeat; a score that is not finite in one of them is left out."""
    found: dict[Quantity, list[float]] = defaultdict(list)
    for file in scores:
        for repeat in file.repeats:
            for name, score in repeat.values.items():
                found[Quantity(name, file.metric, file.protocol)].append(score)
    return {q: several for q, several in found.items() if all(map(math.isfinite, several))}
