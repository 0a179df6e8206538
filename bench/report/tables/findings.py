"""Findings as tables and as lines that say what may be concluded."""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from bench.quantities import Quantity
from bench.report.collect.choices import MEDIAN, Choice
from bench.report.collect.comparisons import CHOSEN, METHODS, VAE
from bench.report.collect.findings import ELBO, Findings, Front, Spread
from bench.report.collect.groups import Group, setting_text
from bench.report.stats.hypervolume import Box
from bench.report.stats.rank_correlation import Agreement
from bench.report.tables.captions import FEW
from bench.report.tables.comparisons import family_finding, tie_finding
from bench.report.tables.text import Finding, Table, markdown, md_text
from bench.report.words.names import decimals, interval_text, method_label, number_text

CHOICES = (
    "Every other seed selects a method's setting, by the highest median of the criterion; the other seeds evaluate it: "
    "interquartile mean over n seeds [95 % percentile bootstrap interval]. No number is of a run that took part in the "
    "choice. A method of one setting, or one that a search chose on seeds of its own, is evaluated on all seeds. "
    "Choosing by a score uses labels, choosing by the ELBO none."
)
AREAS = (
    "Hypervolume of a method's settings, at their interquartile means, as a share of the box between the reference and "
    "the ideal point [95 % percentile bootstrap interval over seeds, the box kept]. A method of more settings has more "
    "chances, and noise adds a little to all: compare methods of as many settings and seeds."
)
PARTS = (
    "Shares of the variance of one evaluation of one run, by unbiased moments of the nested design method / strength / "
    "seed / evaluation repeat, negative estimates set to 0; methods weigh the same, and so do a method's settings. "
    "Without repeats the evaluation is part of the seed."
)
RANKED = (
    "Spearman's rank correlation over all runs [95 % percentile bootstrap interval, seeds drawn within settings]. "
    "Where it is low, the choice of metric decides which run is the better one."
)


def finding_tables(found: Findings) -> list[Finding]:
    """The tables of a group's findings; those without rows and lines are left out."""
    group = found.group
    known = [
        tie_finding(group, found.ties.values()),
        family_finding(group, VAE, found.families),
        family_finding(group, METHODS, found.families),
        Finding("Chosen settings", _choices(group, found.choices), []),
        family_finding(group, CHOSEN, found.families),
        Finding("Hypervolume", _fronts(found.fronts), []),
        Finding("Where the variance comes from", _spreads(found.spreads), []),
        Finding("Do the metrics agree?", _agreement(found), []),
    ]
    return [one for one in known if one.table.rows or one.lines]


def finding_markdown(found: Findings) -> str:
    """The sections of a group's findings, each table with its lines."""
    parts = []
    for heading, table, lines in finding_tables(found):
        parts.append(f"### {heading}")
        parts += [markdown(table)] if table.rows else []
        parts += ["\n".join(f"- {md_text(line)}" for line in lines)] if lines else []
    return "\n\n".join(parts)


def _choices(group: Group, choices: Iterable[Choice]) -> Table:
    rows = []
    for score, several in groupby(choices, key=lambda c: c.score):
        same = list(several)
        digits = decimals([c.estimate.iqm for c in same])
        for c in same:
            by = c.rule if c.rule != MEDIAN else "median ELBO" if c.criterion == ELBO else "median score"
            if c.rule != MEDIAN and c.criterion == ELBO:
                continue
            e = c.estimate
            told = [setting_text(group, c.setting), str(e.n), interval_text(e.iqm, e.lo, e.hi, digits)]
            rows.append([score.label.text, method_label(c.method), by, *told])
    few = f" Intervals from fewer than {FEW} seeds are too narrow."
    caption = CHOICES + (few if any(c.estimate.n < FEW for c in choices) else "")
    return Table(caption, ["score", "method", "chosen by", "setting", "n", "IQM ↑"], rows, left=4)


def _fronts(fronts: Sequence[Front]) -> Table:
    rows, boxes = [], dict.fromkeys((f.cost, f.score, f.within) for f in fronts)
    for f in fronts:
        volume = interval_text(f.volume.share, f.volume.lo, f.volume.hi, 3)
        rows.append([f.score.label.text, f.cost.label.text, method_label(f.method), str(f.settings), volume])
    points = [f"{cost.label.text} and {score.label.text} {_point(b)}" for cost, score, b in boxes]
    caption = f"{AREAS} Reference and ideal points, costs in nats per observation: {'; '.join(points)}."
    return Table(caption, ["score", "cost", "method", "settings", "hypervolume ↑"], rows, left=3)


def _spreads(spreads: Sequence[Spread]) -> Table:
    rows = []
    for s in [one for one in spreads if not math.isnan(one.variances.seed)]:
        total = sum(v for v in s.variances if not math.isnan(v))
        shares = [number_text(100 * v, 0) for v in s.variances.shares]
        rows.append([s.score.label.text, str(s.runs), number_text(total**0.5 if total else 0.0, 3), *shares])
    header = ["score", "runs", "total sd", "method %", "strength %", "seed %", "evaluation %"]
    return Table(PARTS, header, rows, left=1)


def _agreement(found: Findings) -> Table:
    shown = agreement_shown(found)
    rows = [
        [found.ranked[i].label.text, *(_rho(found.agreement, i, j) if j < i else "" for j in shown[:-1])]
        for i in shown[1:]
    ]
    return Table(RANKED, ["", *(found.ranked[j].label.text for j in shown[:-1])], rows, left=1)


def _rho(a: Agreement, i: int, j: int) -> str:
    return "–" if math.isnan(a.rho[i, j]) else interval_text(a.rho[i, j], a.lo[i, j], a.hi[i, j], 2)


def agreement_shown(found: Findings) -> list[int]:
    """Places of the quantities that tables and figures of agreement have room for: one score a metric, the costs."""
    headline: set[Quantity] = set(found.group.headline)
    return [i for i, q in enumerate(found.ranked) if q in headline or not q.protocol]


def _point(b: Box) -> str:
    return f"({b.cost:.4g}, {b.score:g}) to ({b.ideal_cost:.4g}, {b.ideal_score:g})"
