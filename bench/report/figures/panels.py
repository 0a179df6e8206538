"""What figures of scores share: seeds, intervals, lines of reference with their names, markers that tell a strength."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter
from numpy.typing import NDArray

from bench.quantities import FAR, Quantity, fixed
from bench.report.collect.groups import Group, Series, Setting
from bench.report.figures.style import COLUMN, OUTSIDE, SMALL, Look, series_label, settle
from bench.report.stats.intervals import Estimate
from bench.report.words.names import AGAINST, method_label, symbol, value_text

JOINT = 4  # methods that one panel has room for; of more, each has a panel with the others in grey
MANY = 2000  # seeds in one panel beyond which an SVG holds them as a picture: as shapes they take megabytes
LISTED = 4  # strengths that a title names one by one
LEAST, MOST = 2.4, 5.4  # points: sizes of the markers of a method's weakest and strongest setting
REACH = 1.25  # a baseline that uses labels, further away than so many spans of the scores, is named at the edge
LOG = 2.0  # a cost whose ends are further apart than this factor is on a logarithmic axis
PALE = (0.8, 0.8, 0.8)  # the other methods, behind the one that a panel shows
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.2)), (0, (1.2, 1)), (0, (6, 1.2, 1.2, 1.2)))
REFERENCES: dict[str, tuple[str, Any]] = {"pca": ("PCA", (0, (4, 1.5))), "supervised": ("supervised", ":")}


class Reference(NamedTuple):
    """A line that scores are read against: its name, where it lies, its dashes, whether panels make room for it."""

    name: str
    estimate: Estimate
    dashes: Any
    always: bool


def references(group: Group, quantity: Quantity) -> list[Reference]:
    """PCA, the supervised encoder and methods of a single setting without a strength, as far as they were measured."""
    alone = [several for several in group.methods.values() if len(several) == 1 and several[0].strength is None]
    found = [
        Reference(method_label(s.spec.method), s.estimates[quantity], "-", True)
        for (s,) in alone
        if quantity in s.estimates
    ]
    for method, (name, dashes) in REFERENCES.items():
        known = [s for s in group.settings if s.spec.method == method and quantity in s.estimates]
        found += [Reference(name, s.estimates[quantity], dashes, method not in FAR) for s in known[:1]]
    return found


def draw_references(ax: Axes, lines: Sequence[Reference], *, named: bool) -> list[Annotation]:
    """Lines across a panel whose limits are final, and their names to its right; what is far off is named at the edge.

    The names are all at their own height; `spread` moves them apart.
    """
    names = []
    low, high = ax.get_ylim()
    for line in lines:
        y = line.estimate.iqm
        if low <= y <= high:
            ax.axhline(y, color="0.45", linestyle=line.dashes, linewidth=0.7, zorder=0)
        if named:
            value = (fixed(y, 2) if abs(y) >= 0.005 else f"{y:.1g}").replace("-", "−")
            text = line.name if low <= y <= high else f"{line.name}\n{value} {'↑' if y > high else '↓'}"
            at = (1.0, min(max(y, low), high))
            name = ax.annotate(text, at, (3, 0), xycoords=("axes fraction", "data"), textcoords="offset points")
            inwards = "top" if y > high else "bottom" if y < low else "center"
            name.set(fontsize=SMALL - 0.5, va=inwards, color="0.25", gid=OUTSIDE, annotation_clip=False)
            names.append(name)
    return names


def spread(figure: Figure, names: Sequence[Annotation]) -> None:
    """Move the names beside one panel apart, as little as need be; call it when the layout is final."""
    if not names:
        return
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    ordered = sorted(names, key=lambda name: float(name.xy[1]))
    boxes = [name.get_window_extent(renderer) for name in ordered]
    wanted = [(box.y0 + box.y1) / 2 for box in boxes]
    top = names[0].axes.bbox.y1 + 2.0  # type: ignore[union-attr]
    for name, middle, moved in zip(
        ordered, wanted, _apart(wanted, [box.height + 1.0 for box in boxes], top), strict=True
    ):
        name.set_position((3, (moved - middle) * 72 / figure.dpi))


def _apart(wanted: Sequence[float], heights: Sequence[float], top: float) -> list[float]:
    """Middles of boxes in this order, none over another or above the top, near to where they are wanted."""
    clusters: list[tuple[list[float], list[float]]] = []
    for middle, height in zip(wanted, heights, strict=True):
        clusters.append(([middle], [height]))
        while len(clusters) > 1 and _top(*clusters[-2]) > _bottom(*clusters[-1]):
            middles, tall = clusters.pop()
            clusters[-1] = (clusters[-1][0] + middles, clusters[-1][1] + tall)
    placed: list[float] = []
    for middles, tall in clusters:
        edges = _bottom(middles, tall) + np.cumsum([0.0, *tall])
        placed += list((edges[1:] + edges[:-1]) / 2)
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], top - heights[i] / 2)
        top = placed[i] - heights[i] / 2
    return placed


def _bottom(middles: Sequence[float], heights: Sequence[float]) -> float:
    return float(np.mean(middles)) - sum(heights) / 2


def _top(middles: Sequence[float], heights: Sequence[float]) -> float:
    return float(np.mean(middles)) + sum(heights) / 2


def limits(values: Iterable[float], lines: Sequence[Reference]) -> tuple[float, float]:
    """The ends of an axis that shows all values and lines, but for those far away that may be named at the edge."""
    known = [v for v in (*values, *(line.estimate.iqm for line in lines if line.always)) if np.isfinite(v)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    reach = REACH * (high - low)
    near = [line.estimate.iqm for line in lines if high - reach <= line.estimate.iqm <= low + reach]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.06 * (high - low) or 0.05
    return low - margin, high + margin


def draw_seeds(ax: Axes, x: Sequence[float], y: Sequence[float], look: Look, collapsed: Sequence[bool]) -> None:
    """Faint dots, crosses where a seed collapsed; what lies beyond the axis stands at its end."""
    low, high = ax.get_xlim()
    kept = np.clip(np.array(x, dtype=np.float64), min(low, high), max(low, high))
    gone = np.array(collapsed, dtype=bool)
    told: dict[str, Any] = {"color": look.colour, "alpha": 0.4, "zorder": 1, "clip_on": False}
    heights = np.array(y, dtype=np.float64)
    ax.scatter(kept[~gone], heights[~gone], s=3.5, linewidths=0, **told)
    if gone.any():
        ax.scatter(kept[gone], heights[gone], s=9, marker="x", linewidths=0.7, **told | {"alpha": 0.8})
    dots = [drawn for drawn in ax.collections if isinstance(drawn, PathCollection)]  # of all settings in the panel
    if sum(len(np.asarray(drawn.get_offsets())) for drawn in dots) > MANY:
        for drawn in dots:
            drawn.set_rasterized(True)


def collapsed_seeds(setting: Setting) -> set[int]:
    """The seeds of a setting that ended without an active unit."""
    return {r.record.spec.seed for r in setting.runs if r.record.diagnostics.get("collapsed") is True}


def mostly_collapsed(setting: Setting) -> bool:
    """Whether most of the done runs collapsed: what such a setting reconstructs or scores is not the method's."""
    return 2 * setting.collapsed > setting.counts["done"]


def interval(e: Estimate) -> list[list[float]] | None:
    """Lengths of the bars below and above; the bootstrap's percentiles need not enclose the mean, bars must."""
    return [[max(e.iqm - e.lo, 0.0)], [max(e.hi - e.iqm, 0.0)]] if e.n > 1 else None


def sizes(count: int) -> list[float]:
    """Markers' sizes in points, for so many settings of rising strength."""
    return [0.5 * (LEAST + MOST)] if count == 1 else list(np.linspace(LEAST, MOST, count))


def decades(ax: Axes, which: Literal["x", "y"]) -> None:
    """A logarithmic axis of plain numbers, where its ends are further apart than a factor of `LOG`; call it last."""
    low, high = sorted(ax.get_xlim() if which == "x" else ax.get_ylim())
    if not 0 < LOG * low < high:
        return
    if which == "x":
        ax.set_xscale("log")
    else:
        ax.set_yscale("log")
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(
        LogLocator(subs=(1, 2, 3, 5) if high < 10 * low else (1, 2, 5) if high < 100 * low else (1,))
    )
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())


def strengths_text(settings: Sequence[Setting]) -> str:
    """`β = 4, 8, 16`: the strengths of a method in order; `λ = 10 … 1000` of many; nothing without any."""
    values = list(dict.fromkeys(value_text(v) for s in settings if (v := s.strength_value) is not None))
    if not values:
        return ""
    name = symbol_text(next(s.strength for s in settings if s.strength is not None) or "")
    return f"{name} = {', '.join(values) if len(values) <= LISTED else f'{values[0]} … {values[-1]}'}"


def symbol_text(parameter: str) -> str:
    """A parameter's symbol, what follows one letter and an underscore as its index."""
    head, _, index = symbol(parameter).partition("_")
    return rf"{head}$_{{\mathrm{{{index}}}}}$" if index and len(head) == 1 else symbol(parameter)


def small_multiples(rows: int, count: int, width: float) -> tuple[Figure, list[NDArray[Any]]]:
    """A figure of rows of `count` panels each, and the axes of each row: (lines, panels side by side).

    A row takes several lines where its panels do not fit side by side: 7 on a page, 3 in a column.
    """
    across = min(count, 7 if width > COLUMN else 3)
    lines = -(-count // across)
    figure = Figure(figsize=(width, rows * lines * 1.12 + 1.0), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.03, hspace=0.03)  # type: ignore[union-attr,call-arg]
    grid = np.split(figure.subplots(rows * lines, across, squeeze=False), rows)
    for block in grid:
        for ax in block.ravel()[count:]:
            ax.set_visible(False)
    return figure, grid


def series_dashes(group: Group, methods: Collection[str]) -> dict[Series, Any]:
    """The series of these methods, with dashes that tell those of one method apart."""
    several = {m: [key for key in group.series if key[0] == m] for m in methods}
    return {key: DASHES[i % len(DASHES)] for keys in several.values() for i, key in enumerate(keys)}


def series_entries(dashes: Mapping[Series, Any], looks: Mapping[Series, Look]) -> dict[str, Any]:
    """A legend's entries for the series of methods that have several; others' settings have none."""
    count = Counter(key[0] for key in dashes if AGAINST not in key[0])
    return {series_label(key): series_handle(looks[key], dashes[key]) for key in dashes if count[key[0]] > 1}


def series_handle(look: Look, dashes: Any) -> Line2D:
    """A legend's handle for a series."""
    line = {"color": look.colour, "linestyle": dashes, "marker": look.marker, "markersize": 4}
    return Line2D([], [], markerfacecolor="white", **line)


def label_across(rows: Sequence[Sequence[Axes]], text: str) -> None:
    """What all panels have across, below the middle of the lowest ones."""
    left = (len(rows[0]) - 1) // 2
    lowest = [row[left] for row in rows if row[left].get_visible()][-1]
    lowest.set_xlabel(text, x=0.5 if len(rows[0]) % 2 else 1.05)


def finish(figure: Figure, entries: Mapping[str, Any], across: int, names: Iterable[Sequence[Annotation]]) -> None:
    """Lay the figure out, with a legend below all panels: an entry for each label, a tuple of handles side by side.

    names: of lines of reference, those beside each panel.
    """
    if entries:
        told: dict[str, Any] = {
            "loc": "outside lower center",
            "ncols": across,
            "columnspacing": 1.2,
            "handlelength": 2.2,
        }
        sides = {tuple: HandlerTuple(ndivide=None, pad=0.2)}
        figure.legend(list(entries.values()), list(entries), handler_map=sides, **told)
    figure.align_ylabels()
    settle(figure)
    for beside in names:
        spread(figure, beside)


def mark_entries(settings: Sequence[Setting], *, chosen: Collection[str], front: bool) -> dict[str, Any]:
    """What the marks of a panel of these settings mean, as far as there are such marks; chosen: ids."""
    alive = [s for s in settings if not mostly_collapsed(s)]
    grey: dict[str, Any] = {"color": "0.35", "linestyle": ""}
    found: dict[str, Any] = {}
    if front and alive:
        found["front of all settings"] = Line2D([], [], color="0.2", linewidth=1.0)
    if front and any(s.strength is not None for s in alive):
        found["weakest to strongest"] = tuple(
            Line2D([], [], marker="o", markersize=size, markerfacecolor="white", **grey) for size in sizes(3)
        )
    if any(s.id in chosen for s in alive):
        found["chosen setting"] = Line2D([], [], marker="o", markersize=4.5, **grey)
    found["seed"] = Line2D([], [], marker="o", markersize=2, alpha=0.6, **grey)
    if any(s.collapsed for s in settings):
        found["collapsed seed"] = Line2D([], [], marker="x", markersize=3, **grey)
    if len(alive) < len(settings):
        found["setting that collapsed"] = Line2D([], [], marker="x", markersize=5, markeredgewidth=1.3, **grey)
    return found
