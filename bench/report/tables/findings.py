"""Findings as tables and as lines that say what may be concluded."""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from bench.quantities import Quantity
from bench.report.collect.findings import ELBO, Choice, Findings, Front, Pair, Spread
from bench.report.collect.groups import Group, setting_text
from bench.report.stats.hypervolume import Box
from bench.report.stats.pairs import least_p
from bench.report.stats.rank_correlation import Agreement
from bench.report.tables.captions import FEW
from bench.report.tables.text import Table, markdown, md_text
from bench.report.words.names import decimals, interval_text, method_label

TESTED = (
    "A and B stand at the settings chosen above; n: reporting seeds that both have. P(A>B): share of seeds at which A "
    "scores higher, ties half [95 % Wilson score interval]. p: two-sided exact Wilcoxon signed-rank test on the paired "
    "differences, Holm-corrected over the pairs of a score. Seeds needed: for 80 % power at Holm's first "
    "step (paired t test), at the difference and spread seen; resolvable: the least difference that n seeds show with "
    "that power, empty where they can show none. The claim is about the settings compared."
)
CHOSEN = (
    "Every other seed chooses a method's setting, by the highest median of the criterion; the other seeds report it: "
    "interquartile mean over n seeds [95 % percentile bootstrap interval]. No number is of a run that took part in the "
    "choice. Choosing by a score uses labels, choosing by the ELBO none."
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


def finding_tables(found: Findings) -> list[tuple[str, Table]]:
    """The tables of a group's findings with their headings; those without rows are left out."""
    tables = [
        ("Chosen settings", _choices(found.group, found.choices)),
        ("Methods compared", _pairs(found.pairs)),
        ("Hypervolume", _fronts(found.fronts)),
        ("Where the variance comes from", _spreads(found.spreads)),
        ("Do the metrics agree?", _agreement(found)),
    ]
    return [(heading, table) for heading, table in tables if table.rows]


def finding_markdown(found: Findings) -> str:
    """The sections of a group's findings, with a line under the comparisons for each that n is too small for."""
    parts = []
    for heading, table in finding_tables(found):
        parts += [f"### {heading}", markdown(table)]
        if table.caption.startswith(TESTED):
            parts += ["\n".join(f"- {md_text(line)}" for line in verdicts(found.pairs))]
    return "\n\n".join(parts)


def verdicts(pairs: Sequence[Pair]) -> list[str]:
    """What n seeds allow to say of each score: a line for every pair that is separated, and one for the others each.

    Before them a line for each n at which the test cannot give a p of 0.05, whatever the difference.
    """
    lines = []
    for score, several in groupby(pairs, key=lambda p: p.a.score):
        same = list(several)
        for n in sorted({p.result.n for p in same if math.isnan(p.result.resolvable)}):
            least = min(least_p(n) * same[0].pairs, 1.0)
            lines.append(
                f"{score.label.text}: {n} seeds show no difference of any size: even if all agree, p after Holm over "
                f"{same[0].pairs} pairs is no less than {least:.2g}."
            )
        lines += [_separated(p) for p in same if p.verdict == "separated"]
        powered = [_both(p) for p in same if p.verdict == "not separated"]
        small = [f"{_both(p)} ({_needs(p)})" for p in same if p.verdict not in ("separated", "not separated")]
        if powered:
            why = "not separated, though there was 80 % power for the difference seen"
            lines.append(f"{score.label.text}, {why}: {'; '.join(powered)}.")
        if small:
            why = "too few seeds for a claim; the difference seen, and the reporting seeds that it would take"
            lines.append(f"{score.label.text}, {why}: {'; '.join(small)}.")
    return lines


def _both(p: Pair) -> str:
    return f"{method_label(p.a.method)} and {method_label(p.b.method)}"


def _separated(p: Pair) -> str:
    better = p.a if p.result.difference > 0 else p.b
    told = f"{method_label(better.method)} is higher (p = {p.p_holm:.3f} after Holm, n = {p.result.n})"
    return f"{p.a.score.label.text}, {_both(p)}: {told}."


def _needs(p: Pair) -> str:
    """The difference seen, what n seeds resolve, and how many reporting seeds the difference would take."""
    r = p.result
    reach = "" if math.isnan(r.resolvable) else f"; n = {r.n} resolves {r.resolvable:.3f}"
    return f"{abs(r.difference):.3f}, {'spread unknown' if r.n < 2 else _seeds(r.seeds_needed)}{reach}"


def _seeds(needed: int | None) -> str:
    return "> 100,000" if needed is None else f"{needed:,}"


def _choices(group: Group, choices: Iterable[Choice]) -> Table:
    rows = []
    for score, several in groupby(choices, key=lambda c: c.score):
        same = list(several)
        digits = decimals([c.estimate.iqm for c in same])
        for c in same:
            by = "one setting" if c.picked is None else "ELBO" if c.criterion == ELBO else "median score"
            if c.picked is None and c.criterion == ELBO:
                continue
            e = c.estimate
            told = [setting_text(group, c.setting), str(e.n), interval_text(e.iqm, e.lo, e.hi, digits)]
            rows.append([score.label.text, method_label(c.method), by, *told])
    few = f" Intervals from fewer than {FEW} seeds are too narrow."
    caption = CHOSEN + (few if any(c.estimate.n < FEW for c in choices) else "")
    return Table(caption, ["score", "method", "chosen by", "setting", "n", "IQM ↑"], rows, left=4)


def _pairs(pairs: Sequence[Pair]) -> Table:
    rows = []
    for p in pairs:
        r = p.result
        wins = interval_text(r.wins, r.wins_lo, r.wins_hi, 2)
        numbers = [_number(r.difference, 3), _number(r.difference_sd, 3), wins, _number(p.p_holm, 3)]
        needed = "" if r.n < 2 else _seeds(r.seeds_needed)
        names = [p.a.score.label.text, method_label(p.a.method), method_label(p.b.method)]
        rows.append([*names, str(r.n), *numbers, needed, _number(r.resolvable, 3)])
    header = ["score", "A", "B", "n", "A − B", "sd", "P(A>B)", "p (Holm)", "seeds needed", "resolvable"]
    return Table(TESTED, header, rows, left=3)


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
        shares = [_number(100 * v, 0) for v in s.variances.shares]
        rows.append([s.score.label.text, str(s.runs), _number(total**0.5 if total else 0.0, 3), *shares])
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


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}".replace("-", "−")
