"""Figures of scores against reconstruction, with the Pareto front."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.quantities import RECON, Quantity
from bench.report.collect.groups import Group, Series, Setting
from bench.report.figures.panels import (
    DASHES,
    JOINT,
    PALE,
    collapsed_seeds,
    decades,
    draw_references,
    draw_seeds,
    finish,
    interval,
    label_across,
    limits,
    mark_entries,
    mostly_collapsed,
    references,
    series_dashes,
    series_entries,
    series_handle,
    sizes,
    small_multiples,
    strengths_text,
)
from bench.report.figures.style import COLUMN, PAGE, Look, learnt, series_label, wrapped
from bench.report.stats.hypervolume import non_dominated
from bench.report.stats.intervals import Estimate
from bench.report.words.names import AGAINST, method_label, value_text


class Panel(NamedTuple):
    """The plane of a cost (x, lower better) and a score (y, higher better) for the settings of a group.

    chosen: ids of the settings that were chosen for this score.
    """

    group: Group
    score: Quantity
    cost: Quantity = RECON
    chosen: frozenset[str] = frozenset()


class Point(NamedTuple):
    """A setting in such a plane."""

    series: Series
    setting: Setting
    score: Quantity
    cost: Quantity

    @property
    def x(self) -> Estimate:
        """The cost."""
        return self.setting.estimates[self.cost]

    @property
    def y(self) -> Estimate:
        """The score."""
        return self.setting.estimates[self.score]


def pareto_points(panel: Panel) -> tuple[list[Point], list[str]]:
    """The methods' settings in the plane, and why those that are not there are missing. Baselines are on no front."""
    points, missing = [], []
    for series, settings in learnt(panel.group).items():
        for s in settings:
            lacking = [q.label.text for q in (panel.cost, panel.score) if q not in s.estimates]
            if lacking:
                why = f"no {' and no '.join(lacking)}" if s.counts["done"] else "no done run"
                missing.append(f"{method_label(s.spec.method)} {_strength_text(s)}".rstrip() + f" ({why})")
            else:
                points.append(Point(series, s, panel.score, panel.cost))
    return points, missing


def on_front(points: Sequence[Point]) -> list[bool]:
    """Which points no other dominates, by the interquartile means: less cost, higher score.

    A setting whose majority collapsed is on no front, and dominates none.
    """
    alive = [i for i, p in enumerate(points) if not mostly_collapsed(p.setting)]
    costs = np.array([(points[i].x.iqm, -points[i].y.iqm) for i in alive]).reshape(-1, 2)
    kept = {i for i, on in zip(alive, non_dominated(costs), strict=True) if on}
    return [i in kept for i in range(len(points))]


def settings_span(points: Sequence[Point]) -> tuple[tuple[float, float] | None, int]:
    """Costs from a little below to a little above all settings, and how many seeds lie beyond.

    An interval is within as far as it reaches no more than half of that again beyond the settings: one run that
    collapsed is not to squeeze all others, nor is a setting whose majority did. None, with no seed beyond, where
    settings do not differ.
    """
    alive = [p for p in points if not mostly_collapsed(p.setting)] or points
    middle = [p.x.iqm for p in alive]
    if not middle or min(middle) == max(middle):
        middle = [x for p in alive for x in (p.x.iqm, p.x.lo, p.x.hi) if np.isfinite(x)]
        if not middle or min(middle) == max(middle):
            return None, 0
    reach = 0.5 * (max(middle) - min(middle))
    low, high = min(middle) - reach, max(middle) + reach
    edges = [x for p in alive for x in (p.x.iqm, p.x.lo, p.x.hi) if low <= x <= high]
    margin = 0.1 * (max(edges) - min(edges))
    low, high = min(edges) - margin, max(edges) + margin
    return (low, high), sum(not low <= x <= high for p in points for x in seeds_of(p)[0])


def pareto_figure(panels: Sequence[Panel], looks: Mapping[Series, Look], *, width: float = PAGE) -> Figure:
    """Planes of one group. Each method is a line through its strengths; the step line is the front of all settings.

    Up to JOINT methods share a panel; of more, each has one of its own in every plane, with the others in grey. width:
    of a page, or of a column, which takes the planes one below another or, of many methods, the first plane alone.
    """
    several = {m: settings for m, settings in panels[0].group.methods.items() if AGAINST not in m}
    methods = [m for m, settings in several.items() if any(s.strength is not None for s in settings)]
    if len(several) <= JOINT or not methods:
        return _joint(panels, looks, width)
    return _multiples(panels if width > COLUMN else panels[:1], methods, looks, width)


def _joint(panels: Sequence[Panel], looks: Mapping[Series, Look], width: float) -> Figure:
    """A panel for each plane, with all methods in it."""
    columns = len(panels) if width > COLUMN else 1
    rows = -(-len(panels) // columns)
    figure = Figure(
        figsize=(width, rows * (1.45 if width <= COLUMN else 1.9 if columns > 1 else 2.4) + 0.75), layout="constrained"
    )
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    dashes = _dashes(panels[0].group)
    names = []
    for i, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        points, _ = pareto_points(panel)
        _set_limits([ax], points, panel)
        for series in dict.fromkeys(p.series for p in points):
            _draw_series(ax, [p for p in points if p.series == series], looks[series], dashes[series], panel.chosen)
        _draw_front(ax, points)
        names.append(draw_references(ax, references(panel.group, panel.score), named=True))
        ax.set_ylabel(wrapped(f"{panel.score.label.text}\N{NO-BREAK SPACE}→", 1.3))
        last = width > COLUMN or i == len(panels) - 1 or panels[i + 1].cost != panel.cost
        ax.tick_params(labelbottom=last)
        if last:
            ax.set_xlabel(_cost_label(panel, "\n" if columns > 2 else " "))
    entries: dict[str, Any] = {}
    for series, several in learnt(panels[0].group).items():
        if AGAINST not in series[0]:
            name = ", ".join(filter(None, [series_label(series), strengths_text(several)]))
            entries[name] = series_handle(looks[series], dashes[series])
    finish(figure, entries | _marks(panels), 3 if columns > 1 else 2, names)
    return figure


def _multiples(panels: Sequence[Panel], methods: Sequence[str], looks: Mapping[Series, Look], width: float) -> Figure:
    """For each plane a row of panels, one a method, the others in grey behind it; more rows where they do not fit."""
    group, names = panels[0].group, []
    dashes = series_dashes(group, methods)
    figure, grid = small_multiples(len(panels), len(methods), width)
    for row, (panel, block) in enumerate(zip(panels, grid, strict=True)):
        lines, across = block.shape
        axes, points = list(block.ravel()[: len(methods)]), pareto_points(panel)[0]
        _set_limits(axes, points, panel)
        for i, (ax, method) in enumerate(zip(axes, methods, strict=True)):
            _draw_one(ax, points, method, looks, dashes, panel.chosen)
            named = i % across == across - 1 or i == len(axes) - 1
            names.append(draw_references(ax, references(group, panel.score), named=named))
            ax.tick_params(labelleft=i % across == 0, labelbottom=i + across >= len(methods))
            if row == 0 or lines > 1:
                ax.set_title(f"{method_label(method)}\n{strengths_text(group.methods[method])}")
        for left in block[:, 0]:
            left.set_ylabel(wrapped(f"{panel.score.label.text}\N{NO-BREAK SPACE}→", 0.8))
        if row == len(panels) - 1 or panels[row + 1].cost != panel.cost:
            label_across([list(one) for one in block], _cost_label(panel))
        else:
            for ax in axes:
                ax.tick_params(labelbottom=False)
    finish(figure, series_entries(dashes, looks) | _marks(panels), 5 if width > COLUMN else 2, names)
    return figure


def _draw_one(
    ax: Axes,
    points: Sequence[Point],
    method: str,
    looks: Mapping[Series, Look],
    dashes: Mapping[Series, Any],
    chosen: frozenset[str],
) -> None:
    """A method before the others, which are grey lines, and those without a strength."""
    for series in dict.fromkeys(p.series for p in points):
        mine = [p for p in points if p.series == series]
        if series[0] == method or mine[0].setting.strength is None:
            _draw_series(ax, mine, looks[series], dashes.get(series, "-"), chosen)
        else:
            alive = [p for p in mine if not mostly_collapsed(p.setting)]
            line = {"color": PALE, "linewidth": 0.7, "marker": "o", "markersize": 1.6, "zorder": 0.5}
            ax.plot([p.x.iqm for p in alive], [p.y.iqm for p in alive], **line)  # type: ignore[arg-type]
    _draw_front(ax, points)


def _draw_series(ax: Axes, points: Sequence[Point], look: Look, dashes: Any, chosen: frozenset[str]) -> None:
    """A line through the strengths in order, with intervals; markers grow with the strength, chosen ones are filled."""
    alive = [p for p in points if not mostly_collapsed(p.setting)]
    line = {"color": look.colour, "linestyle": dashes, "linewidth": 0.9, "zorder": 2.5}
    ax.plot([p.x.iqm for p in alive], [p.y.iqm for p in alive], **line)
    low, high = ax.get_xlim()
    for p, size in zip(points, sizes(len(points)), strict=True):
        x, y, gone = seeds_of(p)
        draw_seeds(ax, x, y, look, gone)
        if mostly_collapsed(p.setting):
            at = min(max(p.x.iqm, low), high)
            ax.plot(at, p.y.iqm, marker="x", color=look.colour, markersize=5, markeredgewidth=1.3, clip_on=False)
            continue
        fill = look.colour if p.setting.id in chosen else "white"
        marked = {"marker": look.marker, "markersize": size, "color": look.colour, "markerfacecolor": fill}
        bars = {"elinewidth": 0.6, "ecolor": (*look.colour, 0.7), "markeredgewidth": 0.9}
        ax.errorbar(p.x.iqm, p.y.iqm, xerr=interval(p.x), yerr=interval(p.y), **marked, **bars, zorder=3)  # type: ignore[arg-type]


def _draw_front(ax: Axes, points: Sequence[Point]) -> None:
    """From one setting to the next the best score is that of the setting before: a step, not a slope."""
    front = sorted((p.x.iqm, p.y.iqm) for p, kept in zip(points, on_front(points), strict=True) if kept)
    if front:
        ax.step(*zip(*front, strict=True), where="post", color="0.2", linewidth=0.9, zorder=2)


def _set_limits(axes: Sequence[Axes], points: Sequence[Point], panel: Panel) -> None:
    """The same for all panels of a plane: a far-off run does not squeeze the settings."""
    span, _ = settings_span(points)
    heights = [v for p in points for v in (p.y.iqm, p.y.lo, p.y.hi, *seeds_of(p)[1])]
    for ax in axes:
        if span is not None:
            ax.set_xlim(*span)
            decades(ax, "x")
        ax.set_ylim(*limits(heights, references(panel.group, panel.score)))


def _marks(panels: Sequence[Panel]) -> dict[str, Any]:
    chosen = {s for panel in panels for s in panel.chosen}
    return mark_entries(panels[0].group.trained, chosen=chosen, front=True)


def _dashes(group: Group) -> dict[Series, Any]:
    methods = list(group.methods)
    return {key: DASHES[methods.index(key[0]) % len(DASHES)] for key in learnt(group)}


def _cost_label(panel: Panel, between: str = " ") -> str:
    return f"← {panel.cost.label.text}{between}({panel.cost.label.unit})"


def seeds_of(point: Point) -> tuple[list[float], list[float], list[bool]]:
    """Cost and score of the seeds that have both, and which of them collapsed."""
    x, y, gone = point.setting.samples[point.cost], point.setting.samples[point.score], collapsed_seeds(point.setting)
    both = [seed for seed in x if seed in y]
    return [x[seed] for seed in both], [y[seed] for seed in both], [seed in gone for seed in both]


def _strength_text(setting: Setting) -> str:
    value = setting.strength_value
    return "" if value is None else value_text(value)
