"""Which figures a report has, what their files are called and what their captions say."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from bench.report.aggregate import Group, Quantity, Series
from bench.report.caption import losses_text, quantities_text, seeds_text, setup_text
from bench.report.plots import Panel, pareto_figure, pareto_points, strength_figure
from bench.report.style import Look, looks

TC = (Quantity("tc_sample"), Quantity("tc_mean"))
OVERVIEW = 3  # scores of a group that stand in the one figure of all groups
POINTS = (
    "A point is the interquartile mean (IQM) over the seeds of one setting; the number beside it is the value of the "
    "parameter that the legend names in brackets. Bars: 95 % percentile bootstrap interval over seeds. Faint dots: "
    "seeds. Step line and filled points: the settings that no other dominates by IQM, less reconstruction loss and "
    "higher score being better; hollow points are dominated."
)
STRENGTHS = (
    "A point is the interquartile mean (IQM) over the seeds of one setting. Bars: 95 % percentile bootstrap interval "
    "over seeds. Faint dots: seeds. Dashed lines and bands: IQM and interval of methods without such a parameter."
)


class Drawn(NamedTuple):
    """A figure and its path in the report's folder without the ending.

    head: what it shows; caption: how to read it and what it was made from. Without a figure, head says why.
    """

    stem: str
    figure: Figure | None
    head: str
    caption: str = ""
    group: Group | None = None


def draw(summed: Sequence[Group]) -> Iterator[Drawn]:
    """All figures of a report, one after another: an overview first, then each group's own."""
    look = looks(item for g in summed for item in g.series.items())
    yield from _overview(summed, look)
    for slug, group in zip(slugs(summed), summed, strict=True):
        for quantity in group.headline:
            yield _pareto(group, quantity, f"figures/{slug}_pareto_{_file_name(group, quantity)}", look)
        yield from _strengths(group, group.headline, f"figures/{slug}_score_vs_strength", look)
        tc = [q for q in TC if q in group.quantities]
        yield from _strengths(group, tc, f"figures/{slug}_tc_vs_strength", look)


def slugs(summed: Sequence[Group]) -> list[str]:
    """A name for each group's files: `dsprites-guide-30000`, with the first digits of its key where that is shared."""
    short = [f"{_safe(g.spec.dataset.name)}-{_safe(g.spec.backbone)}-{g.spec.steps}" for g in summed]
    many = Counter(short)
    return [s if many[s] == 1 else f"{s}-{g.spec.key[:6]}" for s, g in zip(short, summed, strict=True)]


def _overview(summed: Sequence[Group], look: Mapping[Series, Look]) -> Iterator[Drawn]:
    rows = [(g, [q for q in g.headline if pareto_points(g, q)[0]][:OVERVIEW]) for g in summed]
    rows = [(g, scores) for g, scores in rows if scores]
    if not rows:
        return
    columns = max(len(scores) for _, scores in rows)
    panels: list[Panel] = []
    for group, scores in rows:
        panels += [(group, q) for q in scores]
        panels += [None] * (columns - len(scores))
    caption = " ".join([POINTS, *(_run_text(g, scores) for g, scores in rows)])
    yield Drawn("pareto", pareto_figure(panels, look, columns=columns), "Scores against reconstruction.", caption)


def _pareto(group: Group, quantity: Quantity, stem: str, look: Mapping[Series, Look]) -> Drawn:
    points, missing = pareto_points(group, quantity)
    head = f"{quantity.label.text} ({quantity.protocol}) against reconstruction"
    left_out = f" Not shown: {'; '.join(missing)}." if missing else ""
    if not points:
        return Drawn(stem, None, f"{head}: no figure.{left_out}", group=group)
    head += f", {seeds_text(p.y.n for p in points)} a setting.{left_out}"
    caption = f"{POINTS} {_run_text(group, [quantity])}"
    return Drawn(stem, pareto_figure([(group, quantity)], look), head, caption, group)


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
