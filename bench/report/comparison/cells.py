"""Cell by cell (a setting, a quantity): are two sets of runs the same, or as alike as two draws of seeds?

Runs are joined by key. Where two runs of a key promise the same bits (bench.environment.same_platform), their numbers
must be equal. Elsewhere another rounding makes another training of the same kind, so that seeds are compared with
seeds, by the report's own test; the cells of one comparison are a family. A difference in one direction that no single
setting shows is found by the same test over all settings together.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.environment import PINNED, same_platform
from bench.errors import BenchError
from bench.quantities import DIAGNOSTICS, SCORES, Quantity, fixed
from bench.report.comparison.outcomes import Outcome
from bench.report.stats.families import ALPHA, holm
from bench.report.stats.mann_whitney import minimum_p, stratified_p
from bench.report.words.names import rank, symbol

SAME, WITHIN, DIFFERS = VERDICTS = "same", "within", "differs"
ALL, NUMBERS = "all settings", "all numbers"


class Cell(NamedTuple):
    """A line of a comparison. text: the numbers behind the verdict."""

    verdict: str
    setting: str
    quantity: str
    text: str


class _Tested(NamedTuple):
    """Seeds against seeds, of a setting or of several: strata hold the samples of A and of B."""

    setting: str
    quantity: str
    strata: list[tuple[list[float], list[float]]]


@dataclass(frozen=True)
class Joined:
    """The runs of a setting in A and in B; both: pairs of the same key."""

    label: str
    a: list[Outcome]
    b: list[Outcome]

    @property
    def both(self) -> list[tuple[Outcome, Outcome]]:
        """Pairs of the same key, in the order of seeds."""
        other = {run.key: run for run in self.b}
        return sorted(((run, other[run.key]) for run in self.a if run.key in other), key=lambda pair: pair[0].seed)

    @property
    def exact(self) -> bool:
        """Whether there are runs of the same key, and all of them promise the same bits or have them."""
        return bool(self.both) and all(
            same_platform(one.environment, two.environment) or not _unequal(one, two) for one, two in self.both
        )


def compare(a: Sequence[Outcome], b: Sequence[Outcome]) -> list[Cell]:
    """The cells of the settings that both have. BenchError where there are none."""
    settings = join(a, b)
    if not settings:
        raise BenchError(f"compare: of {len(a)} and {len(b)} runs none share a setting: other data, budget or methods")
    cells, tested = [], []
    for one in settings:
        if one.exact:
            cells += _equalities(one)
        else:
            cells += _ends(one)
            tested += list(_samples(one))
    return cells + _verdicts(tested)


def platforms(a: Sequence[Outcome], b: Sequence[Outcome]) -> str:
    """In words, whether the runs of both were made alike: `the same platform`, or what differs between their first."""
    one, two = a[0].environment, b[0].environment
    if same_platform(one, two):
        return "the same platform" if one.get("cpu") == two.get("cpu") else "reproducible on both platforms"
    names = [n for n in ("cpu", "instruction_set", "caches", "platform", "device") if one.get(n) != two.get(n)]
    names += [n for n in one if n.startswith(("version_", PINNED)) and one[n] != two.get(n)]
    return "; ".join(["other platforms", *(f"{n} {one.get(n, '-')} and {two.get(n, '-')}" for n in names)])


def join(a: Sequence[Outcome], b: Sequence[Outcome]) -> list[Joined]:
    """The settings that both have, in A's order."""
    mine, others = (_by_setting(runs) for runs in (a, b))
    labels = _labels([*a, *b])
    return [Joined(labels[s], mine[s], others[s]) for s in mine if s in others]


def _by_setting(runs: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    found = defaultdict(list)
    for run in runs:
        found[run.setting].append(run)
    return dict(found)


def _labels(runs: Sequence[Outcome]) -> dict[str, str]:
    """By setting: the method and those of its parameters that vary; the setting's id where that is not enough."""
    values = defaultdict(set)
    for run in runs:
        for name, value in run.params.items():
            values[run.method, name].add(value)
    first = {run.setting: run for run in runs}
    told = {}
    for setting, run in first.items():
        varied = [f"{symbol(n)}={_short(v)}" for n, v in run.params.items() if len(values[run.method, n]) > 1]
        told[setting] = " ".join([run.dataset, run.method, *varied])
    times = Counter(told.values())
    return {setting: text if times[text] == 1 else f"{text} ({setting})" for setting, text in told.items()}


def _equalities(joined: Joined) -> list[Cell]:
    """Bit for bit: a cell a quantity, and one for all numbers that both have."""
    quantities = _headline([run for pair in joined.both for run in pair])
    cells = []
    for q, name in quantities.items():
        pairs = [(one.seed, one.samples.get(q), two.samples.get(q)) for one, two in joined.both]
        pairs = [pair for pair in pairs if None not in pair]
        unequal = [f"seed {seed}: {x!r} and {y!r}" for seed, x, y in pairs if x != y]
        cells.append(_equality(joined.label, name, unequal, f"{len(pairs)} runs"))
    unequal, count = [], 0
    for one, two in joined.both:
        if one.status != two.status:
            unequal.append(f"seed {one.seed}: {one.status} and {two.status}")
        unequal += [f"seed {one.seed}: {n} {one.numbers[n]!r} and {two.numbers[n]!r}" for n in _unequal(one, two)]
        count += len(one.numbers.keys() & two.numbers.keys())
    return [*cells, _equality(joined.label, NUMBERS, unequal, f"{count} numbers")]


def _equality(setting: str, quantity: str, unequal: list[str], of: str) -> Cell:
    if not unequal:
        return Cell(SAME, setting, quantity, f"{of} equal")
    more = f", and {len(unequal) - 1} more" if len(unequal) > 1 else ""
    return Cell(DIFFERS, setting, quantity, f"{unequal[0]}{more}; of {of}")


def _unequal(one: Outcome, two: Outcome) -> list[str]:
    """The numbers that both have and that are not equal; nan equals nan."""
    names = [name for name in one.numbers if name in two.numbers]
    pairs = ((name, one.numbers[name], two.numbers[name]) for name in names)
    return [name for name, x, y in pairs if x != y and not (math.isnan(x) and math.isnan(y))]


def _headline(runs: Sequence[Outcome]) -> dict[Quantity, str]:
    """Reconstruction, KL and the first score of each protocol, by what they are called."""
    found = sorted({q for run in runs for q in run.samples}, key=lambda q: (*rank(q.name, DIAGNOSTICS | SCORES), q))
    firsts = {q.protocol or q.name: q for q in reversed(found)}
    headline = [q for q in found if firsts[q.protocol or q.name] == q]
    times = Counter(q.label.text for q in headline)
    return {q: q.label.text if times[q.label.text] == 1 else f"{q.label.text} ({q.protocol})" for q in headline}


def _ends(joined: Joined) -> list[Cell]:
    """Of runs on two platforms, those that ended in two ways. What failed on one of them gave nothing to compare."""
    ends = [(one.seed, one.status, two.status) for one, two in joined.both if one.status != two.status]
    failed = any("failed" in end for end in ends)
    text = ", ".join(f"seed {seed}: {one} and {two}" for seed, one, two in ends)
    return [Cell(DIFFERS if failed else WITHIN, joined.label, "status", text)] if ends else []


def _samples(joined: Joined) -> Iterator[_Tested]:
    """A test a quantity, of the seeds that are done."""
    done = [[run for run in runs if run.status == "done"] for runs in (joined.a, joined.b)]
    for q, name in _headline([*done[0], *done[1]]).items():
        a, b = ([run.samples[q] for run in runs if q in run.samples] for runs in done)
        if a and b:
            yield _Tested(joined.label, name, [(a, b)])


def _verdicts(tested: list[_Tested]) -> list[Cell]:
    """The cells, and for each quantity of several settings one over all of them; Holm's correction is over the lot."""
    by_quantity: dict[str, list[_Tested]] = defaultdict(list)
    for one in tested:
        by_quantity[one.quantity].append(one)
    pooled = [_Tested(ALL, q, [s for t in ts for s in t.strata]) for q, ts in by_quantity.items() if len(ts) > 1]
    family = [*tested, *pooled]
    adjusted = holm([stratified_p(one.strata) for one in family])
    cells = []
    for one, p in zip(family, adjusted, strict=True):
        least = min(1.0, 2 * math.prod(minimum_p(len(a), len(b)) / 2 for a, b in one.strata))
        few = "; too few seeds to find any difference" if least * len(family) > ALPHA else ""
        verdict = DIFFERS if p <= ALPHA else WITHIN
        cells.append(Cell(verdict, one.setting, one.quantity, f"{_means(one)}: p {fixed(p, 3)}{few}"))
    return cells


def _means(one: _Tested) -> str:
    if len(one.strata) > 1:
        return f"{len(one.strata)} settings"
    told = (f"{math.fsum(sample) / len(sample):.4g} ({len(sample)} seeds)" for sample in one.strata[0])
    return " and ".join(told)


def _short(value: str) -> str:
    """A number as people write it: 4 for 4.0."""
    try:
        return f"{float(value):g}"
    except ValueError:
        return value
