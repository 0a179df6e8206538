"""Searches in a report: every trial, and each method's chosen setting on seeds that the search never saw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.quantities import quantity_label
from bench.report.stats.intervals import Estimate, estimate
from bench.seeds import stream
from bench.store.runs import Run, run_values
from bench.store.searches import Goal, Search, Trial


@dataclass(frozen=True, eq=False)
class SearchResult:
    """A search, its chosen trial, and by objective what its setting has on each report seed and that summed up."""

    search: Search
    best: Trial | None
    samples: dict[str, list[float]]
    estimates: dict[str, Estimate]
    setting: str | None

    @property
    def group(self) -> tuple[object, ...]:
        """Common to searches that may be compared: by the same objectives and with the same budget."""
        s = self.search
        return tuple((g.name, g.protocol) for g in s.objectives), s.sampler, s.budget, tuple(s.seeds)

    @property
    def done(self) -> list[Trial]:
        """The trials that have values, by number."""
        return [t for t in self.search.trials if t.state == "done"]

    @property
    def deciding(self) -> int:
        """Which objective decides: the first that is a score."""
        return next((i for i, g in enumerate(self.search.objectives) if g.protocol or g.name == "udr"), 0)

    @property
    def goal(self) -> Goal:
        """The objective that decides."""
        return self.search.objectives[self.deciding]


def search_results(
    searches: Iterable[Search], runs: Sequence[Run], *, seed: int = 0, resamples: int = 2000
) -> list[SearchResult]:
    """Each search with the runs that confirm its chosen setting; `seed` is the bootstrap's."""
    by_key = {run.record.key: run for run in runs}
    found = []
    for search in searches:
        best = next((t for t in search.trials if t.number == search.chosen), None)
        confirming = [by_key[key] for key in search.confirmed if key in by_key]
        samples = {g.name: _values(g, search, confirming) for g in search.objectives}
        estimates = {
            name: estimate(values, stream(seed, "report", "search", search.name, name), resamples=resamples)
            for name, values in samples.items()
            if values
        }
        setting = confirming[0].setting if confirming else None
        found.append(SearchResult(search, best, samples, estimates, setting))
    return found


def label(goal: Goal) -> str:
    """How an objective is called."""
    return quantity_label(goal.name, score=bool(goal.protocol) or goal.name == "udr").text


def so_far(one: SearchResult) -> list[tuple[int, float]]:
    """The best value of the deciding objective after each trial that is done; trials are counted from 1."""
    better = max if one.goal.direction == "maximize" else min
    found: list[tuple[int, float]] = []
    for t in one.done:
        value = t.values[one.deciding]
        found.append((t.number + 1, better(value, found[-1][1]) if found else value))
    return found


def _values(goal: Goal, search: Search, runs: Sequence[Run]) -> list[float]:
    if goal.name == "udr":
        return [search.confirmed_udr[r.record.key] for r in runs if r.record.key in search.confirmed_udr]
    done = [r for r in runs if r.record.status == "done"]
    told = [{(q.name, q.protocol): value for q, value in run_values(r).items()} for r in done]
    return [values[goal.name, goal.protocol] for values in told if (goal.name, goal.protocol) in values]
