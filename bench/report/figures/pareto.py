"""Figures of scores against reconstruction, with the Pareto front."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.quantities import RECON, Quantity
from bench.report.collect.groups import Group, Series, Setting
from bench.report.figures.point_labels import Label, place_labels
from bench.report.figures.style import COLUMN, PAGE, SMALL, Look, settle
from bench.report.stats.hypervolume import non_dominated
from bench.report.stats.intervals import Estimate
from bench.report.tables.captions import points_text
from bench.report.words.names import method_label, value_text

LABELLED = 15  # settings that a panel has room to tell all of; of more, those on the front
MANY = 2000  # seeds in one panel beyond which an SVG holds them as a picture: as shapes they take megabytes
# Lines of what trains nothing, told apart by their dashes: they share one grey.
DASHES: dict[str, Any] = {"untrained": "-.", "pca": (0, (5, 1, 1, 1, 1, 1)), "ica": (0, (10, 2)), "chance": ":"}


class Panel(NamedTuple):
    """The plane of a cost (x, lower better) and a score (y, higher better) for the settings of a group."""

    group: Group
    score: Quantity
    cost: Quantity = RECON


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
    for series, settings in panel.group.series.items():
        for s in [s for s in settings if not s.is_baseline]:
            lacking = [q.label.text for q in (panel.cost, panel.score) if q not in s.estimates]
            if lacking:
                why = f"no {' and no '.join(lacking)}" if s.counts["done"] else "no done run"
                missing.append(f"{method_label(s.spec.method)} {_strength_text(s)}".rstrip() + f" ({why})")
            else:
                points.append(Point(series, s, panel.score, panel.cost))
    return points, missing


def on_front(points: Sequence[Point]) -> list[bool]:
    """Which points no other dominates, by the interquartile means: less cost, higher score."""
    costs = np.array([(p.x.iqm, -p.y.iqm) for p in points]).reshape(-1, 2)
    return [bool(kept) for kept in non_dominated(costs)]


def settings_span(points: Sequence[Point]) -> tuple[tuple[float, float] | None, int]:
    """Costs from a little below to a little above all settings, and how many seeds lie beyond.

    An interval is within as far as it reaches no more than half of that again beyond the settings: one run that
    collapsed is not to squeeze all others. None, with no seed beyond, where settings do not differ.
    """
    middle = [p.x.iqm for p in points]
    if not middle or min(middle) == max(middle):
        middle = [x for p in points for x in (p.x.iqm, p.x.lo, p.x.hi) if np.isfinite(x)]
        if not middle or min(middle) == max(middle):
            return None, 0
    reach = 0.5 * (max(middle) - min(middle))
    low, high = min(middle) - reach, max(middle) + reach
    edges = [x for p in points for x in (p.x.iqm, p.x.lo, p.x.hi) if low <= x <= high]
    margin = 0.1 * (max(edges) - min(edges))
    low, high = min(edges) - margin, max(edges) + margin
    return (low, high), sum(not low <= x <= high for p in points for x in _seeds(p)[0])


def pareto_figure(panels: Sequence[Panel | None], looks: Mapping[Series, Look], *, columns: int = 1) -> Figure:
    """Each panel in its place, None leaves one empty: seeds as faint dots, settings with intervals, the front as steps.

    Filled markers are on the front, hollow ones dominated; the number beside a marker is the method's strength.
    """
    rows = -(-len(panels) // columns)
    width, height = (COLUMN, 2.9) if columns == 1 else (PAGE, 2.35)
    figure = Figure(figsize=(width, rows * height + 0.4), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    shown: list[tuple[Axes, list[Point]]] = []
    for ax, panel in zip(axes, panels, strict=True):
        if panel is None:
            ax.set_visible(False)
            continue
        shown.append((ax, pareto_points(panel)[0]))
        _draw_points(*shown[-1], looks)
        ax.set_xlabel(f"← {panel.cost.label.text}{' ' if columns == 1 else chr(10)}({panel.cost.label.unit})")
        ax.set_ylabel(f"{panel.score.label.text} →")
        title = _wrapped(panel.score.protocol, 2.0, hyphens=True)
        ax.set_title(f"{_wrapped(panel.group.spec.dataset.short, 2.0)}\n{title}")
    head = points_text(p.y.n for _, points in shown for p in points)
    figure.suptitle(f"{head}; arrows point to better", x=0.01, ha="left", fontsize=SMALL)
    names = {p.series for _, points in shown for p in points}
    handles = [_handle(look) for series, look in looks.items() if series in names]
    handles.append(Line2D([], [], color="0.35", label="non-dominated front"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2 if columns == 1 else 5, columnspacing=1.2)
    settle(figure)
    for ax, points in shown:
        told = [len(points) <= LABELLED or on for on in on_front(points)]
        labels = [_label(p, looks[p.series], told=say) for p, say in zip(points, told, strict=True)]
        place_labels(figure, ax, labels, SMALL)
    return figure


def _draw_points(ax: Axes, points: Sequence[Point], looks: Mapping[Series, Look]) -> None:
    many = sum(len(_seeds(p)[0]) for p in points) > MANY
    for p, kept in zip(points, on_front(points), strict=True):
        look = looks[p.series]
        _draw_seeds(ax, *_seeds(p), look, many=many)
        fill = look.colour if kept else "white"
        marked = {"marker": look.marker, "color": look.colour, "markerfacecolor": fill, "markeredgewidth": 1.0}
        bars = {"elinewidth": 0.7, "ecolor": (*look.colour, 0.7)}
        ax.errorbar(p.x.iqm, p.y.iqm, xerr=_bars(p.x), yerr=_bars(p.y), **marked, **bars, zorder=3)  # type: ignore[arg-type]
    front = sorted((p.x.iqm, p.y.iqm) for p, kept in zip(points, on_front(points), strict=True) if kept)
    if front:
        # From one setting to the next the best score is that of the setting before: a step, not a slope.
        ax.step(*zip(*front, strict=True), where="post", color="0.35", linewidth=1.0, zorder=2)
    _span_settings(ax, points)


def _draw_seeds(ax: Axes, x: Sequence[float], y: Sequence[float], look: Look, *, many: bool) -> None:
    ax.scatter(x, y, s=5, color=look.colour, alpha=0.35, linewidths=0, zorder=1, rasterized=many)


def _span_settings(ax: Axes, points: Sequence[Point]) -> None:
    """A far-off run does not squeeze the settings, but is counted."""
    span, beyond = settings_span(points)
    if span is not None:
        ax.set_xlim(*span)
    if beyond:
        text = f"{beyond} seed{'s' if beyond > 1 else ''} outside"
        ax.text(0.99, 0.02, text, transform=ax.transAxes, ha="right", fontsize=SMALL - 1, color="0.35")


def _label(point: Point, look: Look, *, told: bool) -> Label:
    x, y = point.x, point.y
    bars = [(x.lo, y.iqm, x.hi, y.iqm)] if x.n > 1 else []
    bars += [(x.iqm, y.lo, x.iqm, y.hi)] if y.n > 1 else []
    return Label(x.iqm, y.iqm, _strength_text(point.setting) if told else "", look.ink, tuple(bars))


def _handle(look: Look) -> Line2D:
    return Line2D([], [], color=look.colour, marker=look.marker, linestyle="", label=look.name)


def _wrapped(text: str, inches: float, *, hyphens: bool = False) -> str:
    parted = text.replace("-", "- ") if hyphens else text  # textwrap breaks at no hyphen that follows a digit
    lines = textwrap.wrap(parted, int(16 * inches), break_on_hyphens=False)
    return "\n".join(line.replace("- ", "-") if hyphens else line for line in lines)


def _seeds(point: Point) -> tuple[list[float], list[float]]:
    """The seeds that have both numbers."""
    x, y = point.setting.samples[point.cost], point.setting.samples[point.score]
    both = [seed for seed in x if seed in y]
    return [x[seed] for seed in both], [y[seed] for seed in both]


def _bars(e: Estimate) -> list[list[float]] | None:
    """Lengths of the bars below and above; the bootstrap's percentiles need not enclose the mean, bars must."""
    return [[max(e.iqm - e.lo, 0.0)], [max(e.hi - e.iqm, 0.0)]] if e.n > 1 else None


def _strength_text(setting: Setting) -> str:
    value = setting.strength_value
    return "" if value is None else value_text(value)
