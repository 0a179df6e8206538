"""Figures of any quantity against a method's strength."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, NullLocator

from bench.quantities import Quantity
from bench.report.collect.groups import Group, Series, Setting
from bench.report.figures.panels import (
    Reference,
    collapsed_seeds,
    decades,
    draw_references,
    draw_seeds,
    finish,
    interval,
    limits,
    mark_entries,
    mostly_collapsed,
    references,
    series_dashes,
    series_entries,
    small_multiples,
    symbol_text,
)
from bench.report.figures.style import COLUMN, PAGE, Look, wrapped
from bench.report.words.names import method_label, value_text

Row = tuple[Quantity, ...]  # what a row of panels shows: one quantity, or a lower and an upper bound
LOGARITHMIC = ("total_correlation", "tc_", "grad_")  # what quantities are called that span orders of magnitude
FLOOR = 1e-3  # where a logarithmic axis ends at the least, in nats
LETTERS = 140  # in a legend as wide as a page
DODGE = 0.07  # between the series of a method, of the width of the panel


def strength_figure(
    group: Group,
    rows: Sequence[Row],
    looks: Mapping[Series, Look],
    *,
    width: float = PAGE,
    chosen: frozenset[tuple[Quantity, str]] = frozenset(),
) -> Figure | None:
    """A row for each quantity, a column for each method that has a strength; None if there is no such method.

    Lines across all panels: methods without a strength, PCA and the supervised encoder. chosen: quantities, and the
    ids of the settings that were chosen for them. A column's width takes three methods side by side, and of more
    methods the first quantity alone.
    """
    methods = [m for m, several in group.methods.items() if any(_position(s) is not None for s in several)]
    known = {q for m in methods for s in group.methods[m] for q in s.estimates}
    rows = [row for row in rows if known.issuperset(row)]
    if not methods or not rows:
        return None
    rows = rows[:1] if len(methods) > 3 and width <= COLUMN else rows
    figure, grid = small_multiples(len(rows), len(methods), width)
    dashes, names = series_dashes(group, methods), []
    for i, (row, block) in enumerate(zip(rows, grid, strict=True)):
        names += _draw_row(block, group, row, methods, looks, dashes, chosen, first=i == 0)
        for ax in block.ravel()[: len(methods)]:
            ax.tick_params(labelbottom=i == len(rows) - 1)
    for ax, method in zip(grid[-1].ravel(), methods, strict=False):
        ax.set_xlabel(symbol_text(next(s.strength for s in group.methods[method] if s.strength is not None)))
    settings = [s for m in methods for s in group.methods[m]]
    entries = series_entries(dashes, looks) | mark_entries(settings, chosen={s for _, s in chosen}, front=False)
    across = min(5, LETTERS // (max(map(len, entries)) + 6)) if width > COLUMN else 2
    finish(figure, entries, max(across, 2), names)
    return figure


def _draw_row(
    block: Any,
    group: Group,
    row: Row,
    methods: Sequence[str],
    looks: Mapping[Series, Look],
    dashes: Mapping[Series, Any],
    chosen: frozenset[tuple[Quantity, str]],
    *,
    first: bool,
) -> list[list[Annotation]]:
    """One quantity for each method, on one scale."""
    lines, names = _lines(group, row), []
    settings = [s for m in methods for s in group.methods[m]]
    axes = list(block.ravel()[: len(methods)])
    low, high = _ends(settings, row, lines)
    across = block.shape[1]
    for i, (ax, method) in enumerate(zip(axes, methods, strict=True)):
        _strength_axis(ax, group.methods[method])
        ax.set_ylim(low, high)
        if row[0].name.startswith(LOGARITHMIC):
            decades(ax, "y")
        series = [key for key in dashes if key[0] == method]
        for k, key in enumerate(series):
            _draw_series(ax, row, group.series[key], looks[key], k - (len(series) - 1) / 2, dashes[key], chosen)
        names.append(draw_references(ax, lines, named=i % across == across - 1 or i == len(axes) - 1))
        ax.tick_params(labelleft=i % across == 0)
        if first:
            ax.set_title(wrapped(method_label(method), 0.85))
    for left in block[:, 0]:
        left.set_ylabel(_row_label(row))
    return names


def _lines(group: Group, row: Row) -> list[Reference]:
    ends = ("",) if len(row) == 1 else (", lower", ", upper")
    return [
        line._replace(name=line.name + end) for q, end in zip(row, ends, strict=True) for line in references(group, q)
    ]


def _ends(settings: Sequence[Setting], row: Row, lines: Sequence[Reference]) -> tuple[float, float]:
    estimates = [s.estimates[q] for s in settings for q in row if q in s.estimates]
    values = [v for e in estimates for v in (e.iqm, e.lo, e.hi)]
    values += [v for s in settings for q in row for v in s.samples.get(q, {}).values()] if len(row) == 1 else []
    if not row[0].name.startswith(LOGARITHMIC):
        return limits(values, lines)
    every = np.array([v for v in (*values, *(line.estimate.iqm for line in lines)) if np.isfinite(v)])
    low = max(float(every.min()), FLOOR)
    high = max(float(every.max()), 2 * low)
    return low / 1.25, high * 1.25


def _draw_series(
    ax: Axes,
    row: Row,
    settings: Sequence[Setting],
    look: Look,
    place: float,
    dashes: Any,
    chosen: frozenset[tuple[Quantity, str]],
) -> None:
    """Intervals at each strength and a line through them; two bounds are two lines with the span between them."""
    known = [s for s in settings if all(q in s.estimates for q in row)]
    at = ax.transData + ax.transAxes.inverted()
    shares = [at.transform((x, 1.0))[0] + DODGE * place for s in known if (x := _position(s)) is not None]
    xs = [float(ax.transData.inverted().transform(ax.transAxes.transform((share, 0.5)))[0]) for share in shares]
    low, high = ax.get_ylim()
    alive = [(x, s) for x, s in zip(xs, known, strict=True) if not mostly_collapsed(s)]
    if len(row) == 2 and alive:
        lower, upper = ([s.estimates[q].iqm for _, s in alive] for q in row)
        ax.fill_between([x for x, _ in alive], lower, upper, color=look.colour, alpha=0.2, linewidth=0)
    for q in row:
        heights = [min(max(s.estimates[q].iqm, low), high) for _, s in alive]
        ax.plot([x for x, _ in alive], heights, color=look.colour, linestyle=dashes, linewidth=0.9, zorder=2)
        for x, s in zip(xs, known, strict=True):
            gone, values = collapsed_seeds(s), s.samples[q]
            if len(row) == 1:
                within = np.clip(list(values.values()), low, high).tolist()
                draw_seeds(ax, [x] * len(values), within, look, [n in gone for n in values])
            e, fill = s.estimates[q], look.colour if (q, s.id) in chosen else "white"
            told: dict[str, Any] = {"marker": "x" if mostly_collapsed(s) else look.marker, "color": look.colour}
            told |= {"markersize": 4, "elinewidth": 0.7, "clip_on": False}
            ax.errorbar(x, min(max(e.iqm, low), high), yerr=interval(e), markerfacecolor=fill, zorder=3, **told)


def _strength_axis(ax: Axes, settings: Sequence[Setting]) -> None:
    """Ticks at the values themselves, on a logarithmic axis where they span more than a factor of three.

    A number that has no room beside those before it is left out; both ends are told first.
    """
    values = sorted({x for s in settings if (x := _position(s)) is not None})
    if values[0] > 0 and values[-1] / values[0] > 3:
        ax.set_xscale("log")
        edge = (values[-1] / values[0]) ** 0.18
        ax.set_xlim(values[0] / edge, values[-1] * edge)
    else:
        edge = 0.18 * (values[-1] - values[0]) or 1.0
        ax.set_xlim(values[0] - edge, values[-1] + edge)
    ax.xaxis.set_major_locator(FixedLocator(values))
    ax.xaxis.set_minor_locator(NullLocator())
    at = ax.transData + ax.transAxes.inverted()
    texts = {v: (float(at.transform((v, 1.0))[0]), 0.036 * (len(value_text(v)) + 0.6)) for v in values}
    told: list[float] = []
    for value in (values[0], values[-1], *values[1:-1]):
        place, half = texts[value]
        if value not in told and all(abs(place - texts[v][0]) > half + texts[v][1] for v in told):
            told.append(value)
    ax.set_xticklabels([value_text(v) if v in told else "" for v in values])


def _row_label(row: Row) -> str:
    label = row[0].label
    text = label.axis if len(row) == 1 else f"{label.text.partition(',')[0]}, bounds ({label.unit})"
    return wrapped(text.replace(" ↑", "\N{NO-BREAK SPACE}↑"), 0.95)


def _position(setting: Setting) -> float | None:
    value = setting.strength_value
    return float(value) if isinstance(value, int | float) else None
