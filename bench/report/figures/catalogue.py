"""Which figures a report has, what their files are called and what their captions say."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from bench.quantities import KL, RECON, Quantity
from bench.report.collect.examples import Example, examples
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, Series
from bench.report.figures.codes import agreement_figure, factor_figure, matrix_figure, unit_figure
from bench.report.figures.pareto import Panel, pareto_figure, pareto_points
from bench.report.figures.strength import strength_figure
from bench.report.figures.style import Look, looks
from bench.report.figures.training import (
    GRADIENTS,
    active_figure,
    curve_figure,
    kl_figure,
    lost_figure,
    probed,
    score_curve_figure,
)
from bench.report.figures.traversals import traversal_figure
from bench.report.tables.captions import losses_text, quantities_text, seeds_text, setup_text
from bench.report.tables.findings import agreement_shown

POINTS = (
    "A point is the interquartile mean (IQM) over the seeds of one setting; the number beside it is the value of the "
    "parameter that the legend names in brackets. Bars: 95 % percentile bootstrap interval over seeds. Faint dots: "
    "seeds. Step line and filled points: the settings that no other dominates by IQM, less reconstruction loss (or KL) "
    "and higher score being better; hollow points are dominated. Of more than 15 settings only those on the front have "
    "their number. Seeds far from all points are left outside and counted; an interval that reaches them is cut off."
)
STRENGTHS = (
    "A point is the interquartile mean (IQM) over the seeds of one setting. Bars: 95 % percentile bootstrap interval "
    "over seeds. Faint dots: seeds. Dashed lines and bands: IQM and interval of methods without such a parameter; grey "
    "lines: IQM of what trains nothing."
)
FACTORS = (
    "Rows: settings; columns: factors of variation. A cell is the interquartile mean over the seeds of a setting of "
    "the score that a metric gives a factor alone, by the protocols named below; white: undefined. A mean over factors "
    "hides which of them are found."
)
MATRICES = (
    "One run of each method, at the setting chosen by the first score on the other seeds and at the same seed for all "
    "(the first that reports; no run was picked by its looks). Rows: latent dimensions by falling KL, with their "
    "number; columns: factors of variation. Entries from a fifth of the greatest on are written out. A disentangled "
    "code has one large entry in a row, and in a column."
)
TRAVERSALS = (
    "One run of each method, at the setting chosen by the first score on the other seeds and at the same seed for all "
    "(the first that reports; no run was picked by its looks), so that all start from the same observation. A row: one "
    "latent dimension moved from -2.5 to 2.5 prior standard deviations with the others at their posterior means; rows "
    "by falling KL. Beside a row: the factor that it says most about with their mutual information in nats, if that "
    "and the KL are at least 0.1, then its KL in nats."
)
UNITS = (
    "A line: the interquartile mean over the seeds of one setting of the KL of the latent dimensions, each run's in "
    "falling order. Bands: quartiles of the seeds. Dimensions near 0 are switched off: they equal the prior "
    "whatever the observation."
)
CURVES = (
    "A line: the median over the seeds of one setting of a loss term, each point the mean over the updates since the "
    "one before. Bands: quartiles of the seeds. Below them, on scales of their own, what a method adds to "
    "reconstruction and KL, before its weight (TC by the discriminator, MMD squared). Runs that diverged or failed are "
    "left out."
)
SCORE_CURVES = (
    "A line: the median over the seeds of one setting of a score of the codes at that update, on the rows and by the "
    "random numbers of the final score. Bands: quartiles of the seeds. Runs that diverged or failed are left out."
)
ACTIVE = (
    "A line: the median over the seeds of one setting of the number of latent dimensions whose posterior mean varies "
    "(variance above 0.01), on the first 1,000 evaluation rows, read off the training at each logged update. Bands: "
    "quartiles of the seeds. A training that collapses falls to 0. Runs that diverged or failed are left out."
)
KL_CURVES = (
    "A panel: one setting. A line: the median over its seeds of the KL of one latent dimension, the greatest first at "
    "each update (the second line is of each run's second greatest, whichever dimension that is), on the first 1,000 "
    "evaluation rows. Bands: quartiles of the seeds. A line that falls to 0 is a dimension that was switched off; all "
    "lines at 0 are a collapse. The axes end at the greatest KL after the first quarter of the updates: what is higher "
    "before is cut off. Runs that diverged or failed are left out."
)
LOST = (
    "A bar: runs of one setting that diverged (a loss that is not finite), failed (an error) or collapsed (done, but "
    "without an active unit). The axis ends at the number of runs of a setting."
)
AGREEMENT = (
    "Spearman's rank correlation over all runs of all methods, and below it its 95 % percentile bootstrap interval "
    "with seeds drawn within settings. Where two metrics do not agree, a ranking of methods is a statement about one."
)

OVERVIEW = 3  # scores of a group that stand in the one figure of all groups
KL_HEAD = "KL of each latent dimension in training"
CURVES_OF = {
    "tc_vs_strength": (Quantity("tc_sample"), Quantity("tc_mean")),
    "units_vs_strength": (Quantity("active_units"), KL),
    "gradients_vs_strength": tuple(map(Quantity, GRADIENTS)),
}


class Drawn(NamedTuple):
    """A figure and its path in the report's folder without the ending.

    head: what it shows; caption: how to read it and what it was made from. Without a figure, head says why.
    """

    stem: str
    figure: Figure | None
    head: str
    caption: str = ""
    group: Group | None = None


def draw(found: Sequence[Findings]) -> Iterator[Drawn]:
    """All figures of a report, one after another: an overview first, then each group's own."""
    summed = [f.group for f in found]
    look = looks(item for g in summed for item in g.series.items())
    yield from _overview(summed, look)
    for slug, f in zip(slugs(summed), found, strict=True):
        stem = f"figures/{slug}"
        for quantity in f.group.headline:
            yield _pareto(f.group, quantity, f"{stem}_pareto_{_file_name(f.group, quantity)}", look)
        yield from _strengths(f.group, f.group.headline, f"{stem}_score_vs_strength", look)
        for name, quantities in CURVES_OF.items():
            known = [q for q in quantities if q in f.group.quantities]
            yield from _strengths(f.group, known, f"{stem}_{name}", look)
        yield from _single(f, stem, look)


def slugs(summed: Sequence[Group]) -> list[str]:
    """A name for each group's files: `dsprites-guide-30000`, with the first digits of its key where that is shared."""
    short = [f"{_safe(g.spec.dataset.short)}-{_safe(g.spec.backbone)}-{g.spec.steps}" for g in summed]
    many = Counter(short)
    return [s if many[s] == 1 else f"{s}-{g.spec.key[:6]}" for s, g in zip(short, summed, strict=True)]


def _single(found: Findings, stem: str, look: Mapping[Series, Look]) -> Iterator[Drawn]:
    """The figures of which a group has one each, as far as its runs hold what they show."""
    group, run_of = found.group, examples(found)
    seeds = seeds_text(s.counts["done"] for s in group.scored)
    trained = seeds_text(s.counts["done"] for several in group.methods.values() for s in several if s.runs)
    told = [found.ranked[i].label.text for i in agreement_shown(found)]
    of, seen = _examples_text(run_of), probed(group)
    read = seeds_text(one.seeds for one in seen.values())
    drawn = [
        ("factors", factor_figure(group), "Scores by factor of variation", FACTORS, f", {seeds} a setting"),
        ("matrices", matrix_figure(group, run_of), "What each latent dimension tells of each factor", MATRICES, of),
        ("traversals", traversal_figure(run_of), "Latent traversals", TRAVERSALS, of),
        ("units", unit_figure(group, look), "KL of each latent dimension", UNITS, f", {trained} a setting"),
        ("curves", curve_figure(group, look), "Loss terms in training", CURVES, f", {trained} a setting"),
        ("score_curves", score_curve_figure(group, look), "Scores in training", SCORE_CURVES, f", {trained} a setting"),
        ("active", active_figure(group, seen, look), "Active units in training", ACTIVE, f", {read} a setting"),
        ("kl_curves", kl_figure(group, seen, look), KL_HEAD, KL_CURVES, f", {read} a setting"),
        ("lost", lost_figure(group, look), "Runs that diverged, failed or collapsed", LOST, ""),
        ("agreement", agreement_figure(found), f"Rank correlations of {', '.join(told)}", AGREEMENT, ""),
    ]
    for name, figure, head, caption, tail in drawn:
        if figure is not None:
            text = f"{caption} {_run_text(group, group.headline)}"
            yield Drawn(f"{stem}_{name}", figure, f"{head}{tail}.", text, group)


def _examples_text(shown: Sequence[Example]) -> str:
    seeds = sorted({e.run.record.spec.seed for e in shown})
    return f", one run a method: seed {', '.join(map(str, seeds))}"


def _overview(summed: Sequence[Group], look: Mapping[Series, Look]) -> Iterator[Drawn]:
    rows = [(g, [q for q in g.headline if pareto_points(Panel(g, q))[0]][:OVERVIEW]) for g in summed]
    rows = [(g, scores) for g, scores in rows if scores]
    if not rows:
        return
    columns = max(len(scores) for _, scores in rows)
    panels: list[Panel | None] = []
    for group, scores in rows:
        panels += [Panel(group, q) for q in scores]
        panels += [None] * (columns - len(scores))
    caption = " ".join([POINTS, *(_run_text(g, scores) for g, scores in rows)])
    yield Drawn("pareto", pareto_figure(panels, look, columns=columns), "Scores against reconstruction.", caption)


def _pareto(group: Group, quantity: Quantity, stem: str, look: Mapping[Series, Look]) -> Drawn:
    """Two panels, against reconstruction and against KL, or the one of them that there is."""
    panels = [Panel(group, quantity, cost) for cost in (RECON, KL)]
    panels = [p for p in panels if pareto_points(p)[0]]
    missing = dict.fromkeys(why for cost in (RECON, KL) for why in pareto_points(Panel(group, quantity, cost))[1])
    against = " and ".join(p.cost.label.text for p in panels) or RECON.label.text
    head = f"{quantity.label.text} ({quantity.protocol}) against {against}"
    left_out = f" Not shown: {'; '.join(missing)}." if missing else ""
    if not panels:
        return Drawn(stem, None, f"{head}: no figure.{left_out}", group=group)
    head += f", {seeds_text(p.y.n for panel in panels for p in pareto_points(panel)[0])} a setting.{left_out}"
    caption = f"{POINTS} {_run_text(group, [quantity])}"
    return Drawn(stem, pareto_figure(panels, look, columns=len(panels)), head, caption, group)


def _strengths(group: Group, quantities: Sequence[Quantity], stem: str, look: Mapping[Series, Look]) -> Iterator[Drawn]:
    figure = strength_figure(group, quantities, look)
    if figure is not None:
        names = ", ".join(dict.fromkeys(q.label.text for q in quantities))
        numbers = [e.n for s in group.settings for q, e in s.estimates.items() if q in quantities]
        head = f"{names} against each method's strength, {seeds_text(numbers)} a setting."
        yield Drawn(stem, figure, head, f"{STRENGTHS} {_run_text(group, quantities)}", group)


def _run_text(group: Group, quantities: Sequence[Quantity]) -> str:
    return " ".join([setup_text(group), losses_text(group), quantities_text(quantities)])


def _file_name(group: Group, quantity: Quantity) -> str:
    """The score's name, with its protocol where the group has several for it."""
    several = len({q.protocol for q in group.scores if q.name == quantity.name}) > 1
    return _safe(f"{quantity.name}_{quantity.protocol.partition(':')[2]}" if several else quantity.name)


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-." else "-" for c in name)
