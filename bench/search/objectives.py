"""What a search is told to look for: which numbers of a trial's runs, and which way each is better."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from bench import plugins
from bench.errors import BenchError
from bench.quantities import DIAGNOSTICS
from bench.scoring.protocol import Facts, Grid, Protocol, protocols_of
from bench.scoring.udr import FEWEST, agreement
from bench.store.runs import Run, run_values
from bench.store.searches import Dimension, Goal
from bench.store.store import Store
from metrics._codes import Codes

UDR = "udr"  # by its Lasso variant
COSTS = {name: label.better for name, label in DIAGNOSTICS.items() if label.better}  # recon, mse, elbo
ROWS = {"n_train": 600, "n_test": 300}  # enough for a metric to name its values


@dataclass(frozen=True)
class Objective:
    """A number of each run, or (udr) of all runs of a trial together; a trial has the median over its runs."""

    name: str
    protocol: Protocol | None = None

    @property
    def maximize(self) -> bool:
        """Whether more of it is better."""
        return COSTS.get(self.name, 1) > 0

    @property
    def goal(self) -> Goal:
        """As it is written down."""
        protocol = self.protocol
        told = {"metric": protocol.metric, "protocol": protocol.id} if protocol else {}
        return Goal(name=self.name, direction="maximize" if self.maximize else "minimize", **told)


def objectives(
    names: Sequence[str], settings: Mapping[str, Grid], codes: Sequence[str], facts: Facts | None = None
) -> tuple[Objective, ...]:
    """Objectives by name, on a data set of these facts.

    BenchError for unknown ones, which lists the known, for a score by several protocols, and for one that the data set
    cannot be scored by.
    """
    if not names or len(set(names)) < len(names):
        raise BenchError(f"objective={','.join(names)}: expected at least one, each once")
    return tuple(_objective(name, settings, codes, facts) for name in names)


def check(chosen: Sequence[Objective], searched: Iterable[Dimension], strength: str | None, seeds: int) -> None:
    """BenchError for objectives that would pick by construction, or from too few runs."""
    names = [o.name for o in chosen]
    if any(d.name == strength for d in searched) and set(names) <= set(COSTS):
        raise BenchError(
            f"objective={','.join(names)}: over {strength} it picks by construction the value that regularises least, "
            "the smallest beta, since all else is paid for in reconstruction; add an objective such as mig or udr, or "
            "keep the strength (--no-strength)"
        )
    if UDR in names and seeds < FEWEST:
        raise BenchError(
            f"seeds-per-trial={seeds}: udr needs at least {FEWEST} runs, which it compares with each other"
        )


def values(chosen: Sequence[Objective], runs: Sequence[Run], store: Store) -> list[float]:
    """Each objective's median over the runs of a trial. ValueError says which run has no finite value of which."""
    return [_median(o, runs, store) for o in chosen]


def uses_labels(chosen: Iterable[Objective]) -> list[str]:
    """Names of those that are computed from the true factors."""
    return [o.name for o in chosen if o.protocol is not None]


def _objective(name: str, settings: Mapping[str, Grid], codes: Sequence[str], facts: Facts | None) -> Objective:
    if name == UDR or name in COSTS:
        return Objective(name)
    named = partial(_named, settings=settings, codes=codes, facts=facts)
    metric = next((m for m in _likely(name) if name in named(m)), None)
    if metric is None:
        scores = [value for m in plugins.names("metric") for value in named(m)]
        raise BenchError(plugins.unknown("objective", name, [*COSTS, UDR, *scores]))
    protocols = protocols_of([metric], settings, codes, facts)
    if len(protocols) > 1:
        several = ", ".join(p.id for p in protocols)
        raise BenchError(f"objective={name}: {len(protocols)} protocols of {metric} ({several}); a search has one")
    if protocols[0].lacking:
        raise BenchError(f"objective={name}: {metric} is not scored on this data set: {protocols[0].lacking}")
    return Objective(name, protocols[0])


def _likely(value: str) -> list[str]:
    """The metrics, those first whose name begins like the value's."""
    return sorted(plugins.names("metric"), key=lambda m: not (value.startswith(m[:5]) or m.startswith(value)))


def _named(metric: str, settings: Mapping[str, Grid], codes: Sequence[str], facts: Facts | None) -> tuple[str, ...]:
    """The names of a metric's values; one that holds the number of rows to fit on, by the protocols asked for."""
    values, few = _values_of(metric), str(ROWS["n_train"])
    if not any(few in value for value in values):
        return values
    rows = dict.fromkeys(str(p.params["n_train"]) for p in protocols_of([metric], settings, codes, facts))
    return tuple(dict.fromkeys(value.replace(few, n) for n in rows for value in values))


@cache
def _values_of(metric: str) -> tuple[str, ...]:
    """The names of a metric's values, which it tells when it scores noise."""
    rng = np.random.default_rng(0)
    few = {name: n for name, n in ROWS.items() if name in plugins.defaults("metric", metric)}
    noise = Codes(rng.standard_normal((sum(ROWS.values()), 2)), rng.integers(3, size=(sum(ROWS.values()), 2)))
    return tuple(plugins.load("metric", metric)(noise, rng, **few).values)


def _median(objective: Objective, runs: Sequence[Run], store: Store) -> float:
    if objective.name == UDR:
        return statistics.median(agreement(store, [run.record for run in runs]))
    found = []
    for run in runs:
        protocol = objective.protocol.id if objective.protocol else ""
        known = {q.name: value for q, value in run_values(run).items() if q.protocol == protocol}
        if objective.name not in known:
            raise ValueError(f"seed {run.record.spec.seed}: no finite {objective.name}")
        found.append(known[objective.name])
    return statistics.median(found)
