"""Others' runs beside one's own: under names that say whose they are, and only where the two may be compared."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.quantities import BASELINES
from bench.report.comparison.cells import DIFFERS, compare
from bench.report.comparison.outcomes import Outcome
from bench.report.tables.text import Table
from bench.spec import Record, RunSpec, ScoreFile, shared_spec
from bench.store.bundle import Entry, Found
from bench.store.files import Damaged, Manifest
from bench.store.runs import Source

HERE = "this folder"
CHECKED = (
    "rescored: scores were computed again from the stored posteriors, and are the same; retrained: runs were trained "
    "again, and agree; reproduced: two people's trainings of the same keys agree, as `bench compare` judges."
)


class Origin(NamedTuple):
    """Whose the numbers of a report are. name: in its rows, empty for one's own; reproduced: as `reproduced` says."""

    name: str
    entry: Entry | None
    runs: int
    found: Found
    reproduced: str = ""
    refused: tuple[str, ...] = ()


class Beside:
    """A source of somebody's runs: their methods are called `METHOD@WHO`, their keys `WHO:KEY`; baselines are anyone's.

    mark: between method and whose it is. taken: by key, the protocols whose scores are shown; None: everything is.
    """

    def __init__(self, source: Source, who: str, mark: str, taken: Mapping[str, set[str]] | None = None) -> None:
        self._source, self._who, self._mark, self._taken = source, who, mark, taken
        self.damaged = source.damaged

    def __iter__(self) -> Iterator[Record]:
        for record in self._source:
            if self._taken is None or record.key in self._taken:
                yield self._named(record)

    def scores(self, key: str) -> list[ScoreFile]:
        """As of any store."""
        own = self._own(key)
        scores = self._source.scores(own)
        return scores if self._taken is None else [s for s in scores if s.protocol in self._taken[own]]

    def history(self, key: str) -> list[dict[str, float]]:
        """As of any store."""
        return self._source.history(self._own(key))

    def manifest(self, key: str) -> Manifest:
        """As of any store."""
        return self._source.manifest(self._own(key))

    def picture(self, key: str, name: str) -> NDArray[np.uint8]:
        """As of any store."""
        return self._source.picture(self._own(key), name)

    def _named(self, record: Record) -> Record:
        if record.spec.method in BASELINES:
            return record
        spec = msgspec.structs.replace(record.spec, method=f"{record.spec.method}{self._mark}{self._who}")
        return msgspec.structs.replace(record, key=f"{self._who}:{record.key}", spec=spec)

    def _own(self, key: str) -> str:
        return key.removeprefix(f"{self._who}:")


def comparable(mine: Source, others: Source, who: str) -> tuple[dict[str, set[str]], tuple[str, ...]]:
    """Of others' runs those that may stand beside mine, with the protocols that may; and what may not, with the reason.

    The data, the budget and all else that a group of a report shares must be one of mine, and so must the protocol of a
    metric by which mine are scored. BenchError where nothing is left.
    """
    shared: dict[str, RunSpec] = {}
    protocols: dict[str, set[str]] = {}
    for record in mine:
        spec = shared_spec(record.spec)
        shared[spec.key] = spec
        for s in _scores(mine, record.key):
            protocols.setdefault(s.metric, set()).add(s.protocol)
    taken: dict[str, set[str]] = {}
    refused = Counter[str]()
    for record in others:
        spec = shared_spec(record.spec)
        if spec.key not in shared:
            refused[min((_differences(spec, one) for one in shared.values()), key=len)] += 1
            continue
        scores = _scores(others, record.key)
        fit = {s.protocol for s in scores if s.protocol in protocols.get(s.metric, {s.protocol})}
        for s in scores:
            if s.protocol not in fit:
                refused[f"protocol {s.protocol}, not {', '.join(sorted(protocols[s.metric]))}"] += 1
        if fit or not scores:
            taken[record.key] = fit
    told = tuple(f"{n} runs: {why}" for why, n in sorted(refused.items()))
    if not taken:
        raise BenchError(f"against {who}: nothing of it may stand beside these runs: {'; '.join(told) or 'no runs'}")
    return taken, told


def reproduced(a: Iterable[Outcome], b: Iterable[Outcome]) -> str:
    """Whether trainings of the same keys by two people gave the same, as `compare` judges; empty without such.

    Runs that took the same time to the last digit are one training, copied.
    """
    mine, others = ({run.key: run for run in runs} for runs in (a, b))
    both = [key for key, run in mine.items() if key in others and run.seconds != others[key].seconds]
    if not both:
        return ""
    cells = compare([mine[key] for key in both], [others[key] for key in both])
    return f"{'not ' if any(c.verdict == DIFFERS for c in cells) else ''}reproduced ({len(both)} runs)"


def origin_table(origins: Iterable[Origin]) -> Table:
    """A row for each: who, what was checked, the search's budget, labels, paper, code, licence, what was refused."""
    header = ["whose", "party", "runs", "checked", "settings tried", "labels", "paper", "code", "licence", "refused"]
    rows = []
    for one in origins:
        words = [f"rescored ({one.found.rescored} numbers)"] if one.found.rescored else []
        words += [f"retrained ({one.found.retrained} runs)"] if one.found.retrained else []
        told = "; ".join([*words, *filter(None, [one.reproduced])]) or "no"
        e = one.entry
        stated = [e.search, e.labels, e.paper, f"{e.code}, {e.commit}", e.licence] if e else [""] * 5
        name = one.name or (e.who if e else HERE)
        rows.append([name, e.party if e else "", str(one.runs), told, *stated, "; ".join(one.refused)])
    return Table(CHECKED, header, rows, left=2)


def _scores(source: Source, key: str) -> list[ScoreFile]:
    """None of a run that is damaged: whoever collects the runs says so."""
    try:
        return source.scores(key)
    except Damaged:
        return []


def _differences(spec: RunSpec, mine: RunSpec) -> str:
    """`steps 30000, not 2000; batch_size 64, not 8`."""
    told = []
    for name in spec.__struct_fields__:
        one, two = getattr(spec, name), getattr(mine, name)
        if name == "dataset":
            same = (one.label, one.args) == (two.label, two.args)
            one, two = ((d.sha256[:12] if same else d.label) for d in (one, two))
            name = "data sha256" if same else "data"
        if one != two:
            told.append(f"{name} {one}, not {two}")
    return "; ".join(told)
