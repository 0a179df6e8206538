"""Comparisons of settings as tables, and as lines that say what may be concluded."""

import math
from collections import Counter
from collections.abc import Iterable

from bench.quantities import fixed
from bench.report.collect.comparisons import CHOSEN, METHODS, VAE, Family, Ties
from bench.report.collect.groups import Group, setting_name, setting_text
from bench.report.stats.families import ALPHA, DIFFERS, EQUIVALENT, MARGIN, UNDECIDED, Pair
from bench.report.stats.mann_whitney import minimum_p
from bench.report.tables.text import Finding, Table
from bench.report.words.names import interval_text, method_label, number_text

MOST_ROWS = 100  # of a table of comparisons
TESTED = (
    "n: seeds. A − B: difference of means. P(A>B): share of pairs of a seed of A and a seed of B in which A is higher, "
    "ties half [95 % interval]. p: two-sided exact Mann-Whitney test, Holm-corrected over the comparisons of a "
    f"score. Verdict: A or B is higher, where p is at most 0.05; equivalent, where P(A>B) lies within {0.5 - MARGIN:g} "
    f"and {0.5 + MARGIN:g} by an interval corrected for the number of comparisons; else undecided, with the further "
    "seeds of each that decide with 80 % power if P(A>B) is what was seen."
)
HEADINGS = {VAE: "Against the VAE", METHODS: "Between methods", CHOSEN: "Chosen settings compared"}
FAMILY_TEXTS = {
    VAE: "Every setting against the VAE, all seeds.",
    METHODS: "Every setting against every other of another method, all seeds; those that are decided.",
    CHOSEN: "Every two methods at the settings chosen above, on the seeds that report them.",
}
GROUPS = (
    "No ranks: a group is the settings that the comparisons cannot tell apart from the one of the highest IQM, or from "
    "the VAE. Settings of the same method are not compared, and stay in its group."
)


def tie_finding(group: Group, ties: Iterable[Ties]) -> Finding:
    """A row per score: the group of the best setting; the settings above the VAE, its group, and those below."""
    rows = []
    for one in ties:
        best = next(s for s in group.settings if s.id == one.best)
        told = [listed(group, ids) for ids in (one.with_best, one.above, one.with_vae, one.below)]
        rows.append([one.score.label.text, setting_name(group, best), *told])
    header = ["score", "highest IQM", "not apart from it", "above the VAE", "not apart from the VAE", "below the VAE"]
    return Finding("Groups of settings", Table(GROUPS, header, rows, left=len(header)), [])


def family_finding(group: Group, name: str, families: Iterable[Family]) -> Finding:
    """The comparisons of one family by every score, and a line for each that is decided or out of reach."""
    mine = [f for f in families if f.name == name]
    pairs = [(f, p) for f in mine for p in f.pairs]
    shown = [(f, p) for f, p in pairs if p.verdict != UNDECIDED] if name == METHODS else pairs
    caption = f"{FAMILY_TEXTS[name]} {TESTED}"
    if len(pairs) > len(shown[:MOST_ROWS]):
        caption += f" The other {len(pairs) - len(shown[:MOST_ROWS]):,} comparisons are in comparisons.csv alone."
    known = [f for f in mine if not math.isnan(f.correlation)]
    if known:
        correlations = ", ".join(f"{f.score.label.text} {number_text(f.correlation, 2)}" for f in known)
        caption += f" Seeds are not paired: over seeds, two settings' scores correlate on average by {correlations}."
    header = ["score", "A", "B", "n", "A − B", "P(A>B)", "p (Holm)", "verdict"]
    rows = [_row(group, f, p) for f, p in shown[:MOST_ROWS]]
    return Finding(HEADINGS[name], Table(caption, header, rows, left=3), [_line(group, f) for f in mine])


def _row(group: Group, family: Family, p: Pair) -> list[str]:
    n = str(p.seeds_a) if p.seeds_a == p.seeds_b else f"{p.seeds_a}, {p.seeds_b}"
    improvement = interval_text(p.improvement, p.improvement_lo, p.improvement_hi, 2)
    verdict = f"undecided ({p.more_seeds:,} more seeds)" if p.verdict == UNDECIDED else p.verdict
    if p.verdict == DIFFERS:
        verdict = "A is higher" if p.higher == p.a else "B is higher"
    names = [family.score.label.text, _name(group, p.a), _name(group, p.b)]
    return [*names, n, number_text(p.difference, 3), improvement, number_text(p.p_holm, 3), verdict]


def _line(group: Group, family: Family) -> str:
    """`MIG: 2 of 24 comparisons differ: β-VAE, β = 8 above VAE (p = 0.003); ...`."""
    pairs, text = family.pairs, family.score.label.text
    counts = Counter(p.verdict for p in pairs)
    hopeless = [p for p in pairs if math.isnan(p.detectable) and minimum_p(p.seeds_a, p.seeds_b) * len(pairs) > ALPHA]
    if len(hopeless) == len(pairs):
        least = min(min(minimum_p(p.seeds_a, p.seeds_b) for p in pairs) * len(pairs), 1.0)
        return (
            f"{text}: so few seeds show no difference of any size: even if all of A are higher than all of B, "
            f"p after Holm over {_comparisons(len(pairs))} is no less than {least:.2g}."
        )
    named = [_above(group, p) for p in pairs if p.verdict == DIFFERS] if family.name != METHODS else []
    count = counts[DIFFERS]
    which = f": {'; '.join(named)}" if named else ""
    end = f"{counts[EQUIVALENT]} equivalent, {counts[UNDECIDED]} undecided"
    verb = "differs" if count == 1 else "differ"
    return f"{text}: {count} of {_comparisons(len(pairs))} {verb}{which}. {end}; {_detected(family)}."


def _detected(family: Family) -> str:
    """`differences from 0.068 on are found with 80 % power`."""
    if math.isnan(family.resolution):
        return "most find no difference of any size with 80 % power"
    return f"differences from {fixed(family.resolution, 3)} on are found with 80 % power"


def _above(group: Group, p: Pair) -> str:
    low = p.b if p.higher == p.a else p.a
    return f"{_name(group, p.higher)} above {_name(group, low)} (p = {p.p_holm:.2g})"


def _comparisons(count: int) -> str:
    return "1 comparison" if count == 1 else f"{count:,} comparisons"


def _name(group: Group, setting: str) -> str:
    return setting_name(group, next(s for s in group.settings if s.id == setting))


def listed(group: Group, ids: frozenset[str]) -> str:
    """`VAE; all 3 of β-VAE; InfoVAE λ = 10 and λ = 100`."""
    if ids.issuperset(s.id for s in group.trained):
        return f"all {len(group.trained)} settings"
    parts = []
    for method, settings in group.methods.items():
        mine = [s for s in settings if s.id in ids]
        if mine and len(mine) == len(settings):
            parts.append(method_label(method) if len(mine) == 1 else f"all {len(mine)} of {method_label(method)}")
        elif mine:
            parts.append(f"{method_label(method)} {' and '.join(setting_text(group, s) for s in mine)}")
    return "; ".join(parts) or "–"
