"""The rows of the CSV files that hold findings: choices, comparisons, hypervolumes, variances, agreement."""

import itertools
import math
from collections.abc import Iterable

from bench.report.aggregate import Group, Quantity
from bench.report.csv_file import Cell, Row
from bench.report.findings import Choice, Findings


def choice_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per method, score and criterion of choice: the chosen setting, and the score on the reporting seeds."""
    rows = []
    for f in found:
        for c in f.choices:
            row: Row = _head(f.group) | _named(c.score) | {"criterion": c.criterion.name, "method": c.method}
            row |= {"setting": c.setting.id, "choosing_seeds": _listed(c.choosing), "choosing_median": c.picked}
            row |= {"reporting_seeds": _listed(sorted(c.values))}
            row |= {name: _known(value) for name, value in c.estimate._asdict().items()}
            rows.append(row | {f"param.{name}": value for name, value in c.setting.spec.params.items()})
    return rows


def comparison_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per score and pair of methods at their chosen settings."""
    rows = []
    for f in found:
        for p in f.pairs:
            row: Row = _head(f.group) | _named(p.a.score) | _side("a", p.a) | _side("b", p.b)
            row |= {name: _known(value) for name, value in p.result._asdict().items()}
            rows.append(row | {"p_holm": p.p_holm, "pairs": p.pairs, "verdict": p.verdict})
    return rows


def hypervolume_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per method, cost and score: the share of the box between reference and ideal point that it dominates."""
    rows = []
    for f in found:
        for one in f.fronts:
            row: Row = _head(f.group) | _named(one.score) | {"against": one.cost.name, "method": one.method}
            row |= {"settings": one.settings, "hypervolume": one.volume.share}
            row |= {"hypervolume_lo": _known(one.volume.lo), "hypervolume_hi": _known(one.volume.hi)}
            row |= {"reference_cost": one.within.cost, "reference_score": one.within.score}
            rows.append(row | {"ideal_cost": one.within.ideal_cost, "ideal_score": one.within.ideal_score})
    return rows


def variance_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per score and source of variance."""
    rows = []
    for f in found:
        for s in f.spreads:
            counts: Row = {"methods": s.methods, "settings": s.settings, "runs": s.runs}
            for source, value in s.variances._asdict().items():
                share = getattr(s.variances.shares, source)
                told: Row = {"source": source, "variance": _known(value), "share": _known(share)}
                rows.append(_head(f.group) | _named(s.score) | told | counts)
    return rows


def agreement_rows(found: Iterable[Findings]) -> list[Row]:
    """A row per pair of quantities: Spearman's rank correlation over the runs that have both."""
    rows = []
    for f in found:
        for i, j in itertools.combinations(range(len(f.ranked)), 2):
            one, two, a = f.ranked[i], f.ranked[j], f.agreement
            row: Row = _head(f.group) | {"name_a": one.name, "protocol_a": one.protocol}
            row |= {"name_b": two.name, "protocol_b": two.protocol, "rho": _known(float(a.rho[i, j]))}
            row |= {"rho_lo": _known(float(a.lo[i, j])), "rho_hi": _known(float(a.hi[i, j]))}
            rows.append(row | {"runs": int(a.runs[i, j])})
    return rows


def _head(group: Group) -> Row:
    return {"dataset": group.spec.dataset.label, "group": group.spec.key}


def _named(q: Quantity) -> Row:
    return {"metric": q.metric, "name": q.name, "protocol": q.protocol}


def _side(which: str, choice: Choice) -> Row:
    return {f"method_{which}": choice.method, f"setting_{which}": choice.setting.id}


def _listed(seeds: Iterable[int]) -> str:
    return " ".join(map(str, seeds))


def _known(value: float | None) -> Cell:
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else value
