"""From the records of runs to settings and groups: what may be averaged, and what is only counted.

A *setting* is all of a spec but its seed; only done runs of one setting are averaged, and only scores of one protocol.
A *group* is all of a spec but its seed, method and parameters; settings of one group may stand in one table or figure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import pandas as pd

from bench.errors import BenchError
from bench.plugins import Params, Value
from bench.quantities import BASELINES, DIAGNOSTICS, RECON, SCORES, Quantity
from bench.report.collect.curves import Curve, Trainings
from bench.report.collect.shown import shown
from bench.report.collect.table import ValueRows, run_means
from bench.report.stats.intervals import Estimate, estimate
from bench.report.words.names import METHODS, method_label, params_text, rank, value_order
from bench.seeds import SEARCH_SEEDS, stream
from bench.spec import RunSpec, setting_id, shared_spec
from bench.store.files import Damaged
from bench.store.runs import Run, Source, evaluations, finite_values

Series = tuple[str, tuple[tuple[str, Value], ...]]  # a method, and the values of what else distinguishes its settings


@dataclass(frozen=True, eq=False)
class Setting:
    """The runs that differ in their seed alone. spec has seed 0, which means nothing.

    counts: runs by status; collapsed: done runs without an active unit; they are averaged like the others.
    samples: by quantity, each done run's value by seed, as the group's table has them; estimates sum them up.
    logged, curves: the names in the histories of done runs, and how loss terms and scores went, over them.
    runs: those that are done, by seed.
    """

    spec: RunSpec
    strength: str | None
    definitions: Params
    counts: Counter[str]
    collapsed: int
    samples: dict[Quantity, dict[int, float]]
    estimates: dict[Quantity, Estimate]
    logged: frozenset[str]
    curves: dict[str, Curve]
    runs: tuple[Run, ...]

    @property
    def is_baseline(self) -> bool:
        """Whether its codes were not learnt by a method of the study, but stand beside them for comparison."""
        return self.spec.method in BASELINES

    @property
    def id(self) -> str:
        """16 hex digits that name the setting in every file of a report."""
        return setting_id(self.spec)

    @property
    def strength_value(self) -> Value | None:
        """The value of the parameter on the axes, or None for a method that has none."""
        return None if self.strength is None else self.spec.params.get(self.strength)


@dataclass(frozen=True, eq=False)
class Group:
    """Settings that may be compared: one data set, backbone, likelihood, z_dim and budget.

    spec holds what they share; its seed, method and params mean nothing. table: the values of its done runs by setting,
    seed, quantity and evaluation repeat, from which all statistics are computed.
    """

    spec: RunSpec
    settings: tuple[Setting, ...]
    table: pd.DataFrame

    @property
    def scored(self) -> tuple[Setting, ...]:
        """The settings with at least one done run."""
        return tuple(s for s in self.settings if s.counts["done"])

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """All that was measured: reconstruction, then scores, then the other diagnostics.

        The first protocol of each metric comes before any second one, so that the variants stay together.
        """
        found = {q for s in self.settings for q in s.estimates}
        scores = [q for q in found if q.protocol]
        protocols = {m: sorted({q.protocol for q in scores if q.metric == m}) for m in {q.metric for q in scores}}
        layer = {q: protocols[q.metric].index(q.protocol) for q in scores}
        scores.sort(key=lambda q: (layer[q], rank(q.name, SCORES), q.protocol))
        others = sorted((q for q in found if not q.protocol and q != RECON), key=lambda q: rank(q.name, DIAGNOSTICS))
        return (*[q for q in found if q == RECON], *scores, *others)

    @cached_property
    def trained(self) -> tuple[Setting, ...]:
        """The settings of methods, without the baselines."""
        return tuple(s for s in self.settings if not s.is_baseline)

    @property
    def methods(self) -> dict[str, tuple[Setting, ...]]:
        """By method, its settings; baselines are none."""
        names = dict.fromkeys(s.spec.method for s in self.trained)
        return {name: tuple(s for s in self.trained if s.spec.method == name) for name in names}

    @property
    def scores(self) -> tuple[Quantity, ...]:
        """The quantities that are scores of a metric."""
        return tuple(q for q in self.quantities if q.protocol)

    @property
    def headline(self) -> tuple[Quantity, ...]:
        """One score per metric and protocol, the first in order: what a figure of several panels shows."""
        firsts: dict[tuple[str, str], Quantity] = {}
        for q in self.scores:
            firsts.setdefault((q.metric, q.protocol), q)
        return tuple(firsts.values())

    def shared(self, method: str) -> tuple[Params, Params]:
        """Parameters (but the strength) and definitions that all settings of a method agree on."""
        mine = [s for s in self.settings if s.spec.method == method]
        strengths = {s.strength for s in mine}
        params = common([s.spec.params for s in mine])
        defined = [s.definitions for s in mine if s.definitions]
        return {k: v for k, v in params.items() if k not in strengths}, common(defined)

    @cached_property
    def series(self) -> dict[Series, tuple[Setting, ...]]:
        """Settings that differ in strength alone, by method and by what else varies."""
        found: dict[Series, list[Setting]] = {}
        for s in self.settings:
            shared = self.shared(s.spec.method)[0]
            rest = {k: v for k, v in s.spec.params.items() if k != s.strength and k not in shared}
            found.setdefault((s.spec.method, tuple(sorted(rest.items()))), []).append(s)
        return {k: tuple(v) for k, v in found.items()}


def collect(stores: Mapping[str, Source]) -> list[Run]:
    """The runs of all stores, each key once, in order; runs of a search are left out (their seeds tell).

    Of a key that several stores hold, a done run is kept before another and the earlier store's before a later one's;
    its scores are those of all of them. Damaged runs are left out and noted in their store.
    Raises BenchError if there is no done run to report.
    """
    found: dict[str, Run] = {}
    for store in stores.values():
        for record in store:
            try:
                scores = tuple(shown(scores) for scores in store.scores(record.key))
                run = Run(shown(record), scores, store, store.history(record.key))
            except Damaged as error:
                store.damaged[record.key] = str(error)
                continue
            found[record.key] = _joined(found[record.key], run) if record.key in found else run
    runs = [r for r in found.values() if r.record.spec.seed < SEARCH_SEEDS]
    counts = Counter(r.record.status for r in runs)
    if not counts["done"]:
        where = ", ".join(stores) or "none"
        got = ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "no runs"
        left_out = f" and {len(found) - len(runs)} of a search" if len(found) > len(runs) else ""
        raise BenchError(f"report: stores ({where}) hold {got}{left_out}; expected at least one done run")
    return sorted(runs, key=lambda r: (*run_order(r.record.spec), r.record.spec.seed, r.record.key))


def groups(runs: Sequence[Run], *, seed: int = 0, resamples: int = 2000) -> tuple[Group, ...]:
    """Sum up runs, as `collect` returns them, by setting and group; `seed` is the bootstrap's."""
    strengths = {r.record.spec.method: r.record.strength for r in runs if r.record.strength is not None}
    by_setting: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_setting[run.setting].append(run)
    rows = ValueRows()
    histories = {setting: _read(same, rows) for setting, same in by_setting.items()}
    table = rows.table()
    samples = _samples(table)
    by_group: dict[str, list[Setting]] = defaultdict(list)
    for name, same in by_setting.items():
        spec = msgspec.structs.replace(same[0].record.spec, seed=0)
        done = [r for r in same if r.record.status == "done"]
        logged, curves = histories[name]
        setting = Setting(
            spec,
            strengths.get(spec.method),
            definitions=next((r.record.definitions for r in same if r.record.definitions), {}),
            counts=Counter(r.record.status for r in same),
            collapsed=sum(r.record.diagnostics.get("collapsed") is True for r in done),
            samples=dict(samples[name]),
            estimates={
                # A stream of its own for each interval: it stays what it is whatever else the report holds.
                q: estimate(list(by_seed.values()), stream(seed, "report", name, *q), resamples=resamples)
                for q, by_seed in samples[name].items()
            },
            logged=frozenset(logged),
            curves=curves,
            runs=tuple(done),
        )
        by_group[shared_spec(spec).key].append(setting)
    return tuple(_group(settings, table) for settings in by_group.values())


def _group(settings: list[Setting], table: pd.DataFrame) -> Group:
    mine = table[table["setting"].isin([s.id for s in settings])]
    return Group(shared_spec(settings[0].spec), tuple(sorted(settings, key=_baseline_first)), mine)


def _read(runs: list[Run], rows: ValueRows) -> tuple[set[str], dict[str, Curve]]:
    """Read a setting's done runs once: their values go into the rows; what their histories log, and its curves."""
    trainings = Trainings()
    for run in [r for r in runs if r.record.status == "done"]:
        scored, history = evaluations(run.scores), run.history
        named = Counter(q.name for q in scored)
        trainings.add(history, [name for name, protocols in named.items() if protocols == 1])  # it names no protocol
        means = finite_values(run.record, history, scored)
        rows.add(run.setting, run.record.spec.seed, {q: scored.get(q, [mean]) for q, mean in means.items()})
    return trainings.logged, trainings.curves()


def _samples(table: pd.DataFrame) -> dict[str, dict[Quantity, dict[int, float]]]:
    """By setting and quantity, each run's value by seed."""
    found: dict[str, dict[Quantity, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for setting, seed, metric, name, protocol, value in run_means(table).itertuples(index=False, name=None):
        found[setting][Quantity(name, metric, protocol)][seed] = value
    return found


def _joined(one: Run, two: Run) -> Run:
    keep, other = (two, one) if two.record.status == "done" != one.record.status else (one, two)
    scores = {s.protocol: s for s in (*other.scores, *keep.scores)}
    return Run(keep.record, tuple(scores[p] for p in sorted(scores)), keep.source, keep.history)


def _baseline_first(setting: Setting) -> tuple[object, ...]:
    """Baselines, methods without a strength, then the others, the best known first; a method's settings by its
    parameters, then strength.
    """
    params = sorted(setting.spec.params.items())
    rest = tuple((k, value_order(v)) for k, v in params if k != setting.strength)
    value = setting.strength_value
    kind = int(setting.strength is not None)
    if setting.is_baseline:
        kind = list(BASELINES).index(setting.spec.method) - len(BASELINES)
    known = [*METHODS].index(setting.spec.method) if setting.spec.method in METHODS else len(METHODS)
    return kind, known, setting.spec.method, rest, value_order("" if value is None else value)


def run_order(spec: RunSpec) -> tuple[object, ...]:
    """Sort key: data set, backbone, budget, method, parameters."""
    params = tuple((k, value_order(v)) for k, v in sorted(spec.params.items()))
    shared = shared_spec(spec)
    return spec.dataset.label, spec.backbone, spec.steps, shared.key, spec.method, params


def common(several: Iterable[Params]) -> Params:
    """The items that all of several dictionaries agree on."""
    every = list(several)
    if not every:
        return {}
    return {k: v for k, v in every[0].items() if all(k in other and other[k] == v for other in every)}


def setting_text(group: Group, setting: Setting) -> str:
    """What tells this setting from the method's others in the group: `α = 0.5, λ = 100`."""
    shared = group.shared(setting.spec.method)[0]
    rest = {k: v for k, v in sorted(setting.spec.params.items()) if k not in shared and k != setting.strength}
    if setting.strength is not None and setting.strength_value is not None:
        rest[setting.strength] = setting.strength_value
    return params_text(rest) or "–"


def setting_name(group: Group, setting: Setting) -> str:
    """`β-VAE, β = 4`: the method, and what tells the setting from the method's others."""
    text = setting_text(group, setting)
    return method_label(setting.spec.method) + ("" if text == "–" else f", {text}")
