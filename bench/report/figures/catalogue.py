"""Which figures a report has, what their files are called and what their captions say."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from bench.quantities import KL, RECON, Quantity
from bench.report.collect.examples import examples
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, Series, Setting, setting_name
from bench.report.figures.codes import agreement_figure, factor_figure, matrix_figure, unit_figure
from bench.report.figures.pareto import Panel, pareto_figure, pareto_points
from bench.report.figures.strength import Row, strength_figure
from bench.report.figures.style import COLUMN, PAGE, Look, learnt, looks, series_label
from bench.report.figures.training import (
    GRADIENTS,
    active_figure,
    curve_figure,
    kl_figure,
    lost_figure,
    penalty_figure,
    probed,
    score_curve_figure,
)
from bench.report.figures.traversals import strip, traversal_figure
from bench.report.tables.captions import losses_text, quantities_text, seeds_text, setup_text
from bench.report.tables.findings import agreement_shown
from bench.report.words import figures as read
from bench.report.words.names import AGAINST

KL_HEAD = "KL of each latent dimension in training"
OVERVIEW = 3  # scores that stand in the first figure of a group
BOUNDS = Quantity("total_correlation_lower"), Quantity("total_correlation_upper")
CURVES_OF: dict[str, tuple[Row, ...]] = {
    "tc_vs_strength": (BOUNDS, (Quantity("tc_sample"),), (Quantity("tc_mean"),)),
    "units_vs_strength": ((Quantity("active_units"),), (KL,)),
    "gradients_vs_strength": tuple((Quantity(name),) for name in GRADIENTS),
}
FULL = ("gradients_vs_strength", "lost")  # figures for whoever looks for a fault: only in a full report


class Drawn(NamedTuple):
    """A figure and its path in the report's folder without the ending.

    head: what it shows; caption: how to read it; setup: what it was made from. column: the same for a column's width,
    if there is one. Without a figure, head says why.
    """

    stem: str
    figure: Figure | None
    head: str
    caption: str = ""
    group: Group | None = None
    setup: str = ""
    column: Figure | None = None

    @property
    def text(self) -> str:
        """The whole caption."""
        return " ".join(filter(None, [self.head, self.caption, self.setup]))


def draw(found: Sequence[Findings], *, full: bool = False) -> Iterator[Drawn]:
    """The figures of a report, one after another: an overview of each group first, then each group's own.

    full: those of lost runs and of gradients too.
    """
    summed = [f.group for f in found]
    look = looks(item for g in summed for item in g.series.items())
    named = list(zip(slugs(summed), found, strict=True))
    for slug, f in named:
        yield from _overview(f, "pareto" if len(found) == 1 else f"pareto-{slug}", look)
    for slug, f in named:
        stem = f"figures/{slug}"
        for quantity in f.group.headline:
            yield _pareto(f, quantity, f"{stem}_pareto_{_file_name(f.group, quantity)}", look)
        yield from _strengths(f, [(q,) for q in f.group.headline], f"{stem}_score_vs_strength", look)
        for name, rows in CURVES_OF.items():
            if full or name not in FULL:
                yield from _strengths(f, rows, f"{stem}_{name}", look, read.TC if rows[0] == BOUNDS else "")
        yield from _single(f, stem, look, full=full)


def slugs(summed: Sequence[Group]) -> list[str]:
    """A name for each group's files: `dsprites-guide-30000`, with the first digits of its key where that is shared."""
    short = [f"{_safe(g.spec.dataset.short)}-{_safe(g.spec.backbone)}-{g.spec.steps}" for g in summed]
    many = Counter(short)
    return [s if many[s] == 1 else f"{s}-{g.spec.key[:6]}" for s, g in zip(short, summed, strict=True)]


def missing_text(group: Group, known: Callable[[Setting], bool], why: str) -> str:
    """` Not shown: InfoVAE, α = 0.5 (no history).`: methods' settings with done runs of which this is not known."""
    names = []
    for key, settings in learnt(group).items():
        done = [s for s in settings if s.runs]
        lacking = [s for s in done if not known(s)]
        if lacking and len(lacking) == len(done):
            names.append(series_label(key))
        else:
            names += [setting_name(group, s) for s in lacking]
    return f" Not shown: {'; '.join(names)} ({why})." if names else ""


def _single(found: Findings, stem: str, look: Mapping[Series, Look], *, full: bool) -> Iterator[Drawn]:
    """The figures of which a group has one each, as far as its runs hold what they show."""
    group, run_of, seen = found.group, examples(found), probed(found.group)
    seeds = _seeds(s.counts["done"] for s in group.scored)
    trained = _seeds(s.counts["done"] for s in group.trained if s.runs)
    followed = _seeds(one.seeds for one in seen.values())
    one_each = ", one run a method: seed " + ", ".join(map(str, sorted({e.run.record.spec.seed for e in run_of})))
    ranked = ", ".join(found.ranked[i].label.text for i in agreement_shown(found))
    unseen = missing_text(group, lambda s: s in seen, "not probed in training")
    silent = missing_text(group, lambda s: bool(s.logged), "no history")
    still = "; ".join(e.title for e in run_of if strip(e) is None)
    still = f" Not shown: {still} (the run keeps no traversal)." if still else ""
    drawn = [
        ("factors", factor_figure(group), f"Scores by factor of variation{seeds}", read.FACTORS),
        ("matrices", matrix_figure(group, run_of), f"What each latent tells of each factor{one_each}", read.MATRICES),
        ("traversals", traversal_figure(run_of), f"Latent traversals{one_each}", read.TRAVERSALS + still),
        ("units", unit_figure(group, look), f"KL of each latent dimension{trained}", read.UNITS),
        ("curves", curve_figure(group, look), f"Loss terms in training{trained}", read.CURVES + silent),
        ("penalties", penalty_figure(group, look), f"What methods add to the loss{trained}", read.PENALTIES),
        ("score_curves", score_curve_figure(group, look), f"Scores in training{trained}", read.SCORE_CURVES),
        ("active", active_figure(group, seen, look), f"Active units in training{followed}", read.ACTIVE + unseen),
        ("kl_curves", kl_figure(group, seen, look), f"{KL_HEAD}{followed}", read.KL_CURVES + unseen),
        ("lost", lost_figure(group, look) if full else None, "Runs that diverged, failed or collapsed", read.LOST),
        ("agreement", agreement_figure(found), f"Rank correlations of {ranked}", read.AGREEMENT),
    ]
    for name, figure, head, caption in drawn:
        if figure is not None:
            text = f"{caption} {quantities_text(group.headline)}"
            yield Drawn(f"{stem}_{name}", figure, f"{head}.", text, group, _setup(group))


def _overview(found: Findings, stem: str, look: Mapping[Series, Look]) -> Iterator[Drawn]:
    """The first scores against reconstruction, in both widths."""
    panels = [Panel(found.group, q, chosen=found.chosen_ids(q)) for q in found.group.headline]
    panels = [p for p in panels if pareto_points(p)[0]][:OVERVIEW]
    if panels:
        seeds = _seeds(p.y.n for panel in panels for p in pareto_points(panel)[0])
        head = f"Scores against reconstruction: {found.group.spec.dataset.short}{seeds}."
        caption = f"{_points(panels)} {quantities_text([p.score for p in panels])}"
        figures = [pareto_figure(panels, look, width=width) for width in (PAGE, COLUMN)]
        yield Drawn(stem, figures[0], head, caption, setup=_setup(found.group), column=figures[1])


def _pareto(found: Findings, quantity: Quantity, stem: str, look: Mapping[Series, Look]) -> Drawn:
    """Two planes, against reconstruction and against KL, or the one of them that there is."""
    every = [Panel(found.group, quantity, cost, found.chosen_ids(quantity)) for cost in (RECON, KL)]
    panels = [p for p in every if pareto_points(p)[0]]
    missing = dict.fromkeys(why for panel in every for why in pareto_points(panel)[1])
    against = " and ".join(p.cost.label.text for p in panels) or RECON.label.text
    head = f"{quantity.label.text} ({quantity.protocol}) against {against}"
    left_out = f" Not shown: {'; '.join(missing)}." if missing else ""
    if not panels:
        return Drawn(stem, None, f"{head}: no figure.{left_out}", group=found.group)
    head += f"{_seeds(p.y.n for panel in panels for p in pareto_points(panel)[0])}.{left_out}"
    caption = f"{_points(panels)} {quantities_text([quantity])}"
    return Drawn(stem, pareto_figure(panels, look), head, caption, found.group, _setup(found.group))


def _strengths(
    found: Findings, rows: Sequence[Row], stem: str, look: Mapping[Series, Look], further: str = ""
) -> Iterator[Drawn]:
    """Quantities against strengths; scores in both widths."""
    group = found.group
    rows = [row for row in rows if set(row) <= set(group.quantities)]
    quantities = [q for row in rows for q in row]
    chosen = frozenset((q, s) for q in quantities for s in found.chosen_ids(q))
    wide = strength_figure(group, rows, look, chosen=chosen)
    scored = any(q.protocol for q in quantities)
    narrow = strength_figure(group, rows[:OVERVIEW], look, width=COLUMN, chosen=chosen) if scored else None
    if wide is not None:
        names = ", ".join(dict.fromkeys(q.label.text for q in quantities))
        numbers = _seeds(e.n for s in group.settings for q, e in s.estimates.items() if q in quantities)
        parts = [read.STRENGTHS.format(chosen=f"{read.CHOSEN} " if chosen else ""), further]
        lacking = missing_text(group, lambda s: s.estimates.keys() >= set(quantities), "not all of it measured")
        caption = " ".join(filter(None, [*parts, quantities_text(quantities)])) + lacking
        yield Drawn(
            stem, wide, f"{names} against each method's strength{numbers}.", caption, group, _setup(group), narrow
        )


def _seeds(numbers: Iterator[int]) -> str:
    return f", {seeds_text(numbers)} a setting"


def _points(panels: Sequence[Panel]) -> str:
    whose = dict.fromkeys(w for method in panels[0].group.methods if (w := method.partition(AGAINST)[2]))
    told = read.POINTS.format(chosen=f"{read.CHOSEN} " if any(p.chosen for p in panels) else "")
    return f"{told} Grey, with the same markers: {', '.join(whose)}." if whose else told


def _setup(group: Group) -> str:
    return f"{setup_text(group)} {losses_text(group)}"


def _file_name(group: Group, quantity: Quantity) -> str:
    """The score's name, with its protocol where the group has several for it."""
    several = len({q.protocol for q in group.scores if q.name == quantity.name}) > 1
    return _safe(f"{quantity.name}_{quantity.protocol.partition(':')[2]}" if several else quantity.name)


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-." else "-" for c in name)
