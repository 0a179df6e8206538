"""Figures of any quantity against a method's strength."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator, StrMethodFormatter

from bench.quantities import BASELINES, FAR, Quantity
from bench.report.collect.groups import Group, Series, Setting
from bench.report.figures.pareto import DASHES, MANY, _bars, _draw_seeds, _wrapped
from bench.report.figures.style import ACROSS, SMALL, Look, columns_of, settle
from bench.report.tables.captions import points_text
from bench.report.words.names import value_text


def strength_figure(group: Group, quantities: Sequence[Quantity], looks: Mapping[Series, Look]) -> Figure | None:
    """A row for each quantity, a column for each series that has a strength; None if there is no such series.

    Methods without a strength are a line with its interval as a band, across every panel.
    """
    series = {k: v for k, v in group.series.items() if any(_position(s) is not None and s.estimates for s in v)}
    if not series or not quantities:
        return None
    baselines = {k: v for k, v in group.series.items() if all(s.strength is None for s in v) and k[0] not in FAR}
    baselines = {k: v for k, v in baselines.items() if any(q in s.estimates for s in v for q in quantities)}
    labels = [_wrapped(q.label.axis, 1.6) for q in quantities]
    figure, columns = columns_of(len(series), labels, 1.6, across="column")
    inches = (figure.get_figwidth() - 0.9) / min(len(series), ACROSS)
    for column, (key, settings) in zip(columns, series.items(), strict=True):
        for ax, quantity in zip(column, quantities, strict=True):
            _draw_baselines(ax, quantity, baselines, looks)
            _draw_strength(ax, quantity, settings, looks[key])
        _strength_axes(column, settings, inches)
        column[-1].set_xlabel(looks[key].name)
    for row, quantity in enumerate(quantities):
        if quantity.name.startswith("grad_"):  # one seed's peak may be tenfold the others'
            _decades(columns[0][row], [v for s in group.scored for v in s.samples.get(quantity, {}).values()])
        for column in columns[::ACROSS]:
            column[row].set_title(_wrapped(quantity.protocol, 1.15 * inches, hyphens=True))
    head = points_text(e.n for s in group.scored for q, e in s.estimates.items() if q in quantities)
    figure.suptitle(head, x=0.01, ha="left", fontsize=SMALL)
    if baselines:
        lines = [Line2D([], [], color=looks[k].colour, linestyle=_dashes(k), label=looks[k].name) for k in baselines]
        figure.legend(handles=lines, loc="outside lower center", ncols=4)
    figure.align_labels()
    settle(figure)
    return figure


def _draw_strength(ax: Axes, quantity: Quantity, settings: Sequence[Setting], look: Look) -> None:
    known = [(x, s) for s in settings if (x := _position(s)) is not None and quantity in s.estimates]
    many = sum(len(s.samples[quantity]) for _, s in known) > MANY
    for x, s in known:
        seeds = list(s.samples[quantity].values())
        _draw_seeds(ax, [x] * len(seeds), seeds, look, many=many)
        e = s.estimates[quantity]
        ax.errorbar(x, e.iqm, yerr=_bars(e), color=look.colour, marker=look.marker, elinewidth=0.8, zorder=3)
    ax.plot([x for x, _ in known], [s.estimates[quantity].iqm for _, s in known], color=look.colour, lw=0.8, zorder=2)


def _draw_baselines(
    ax: Axes, quantity: Quantity, baselines: Mapping[Series, Sequence[Setting]], looks: Mapping[Series, Look]
) -> None:
    for key, settings in baselines.items():
        for e in [s.estimates[quantity] for s in settings if quantity in s.estimates]:
            ax.axhline(e.iqm, color=looks[key].colour, linestyle=_dashes(key), linewidth=0.8, zorder=0)
            if e.n > 1 and key[0] not in BASELINES:
                ax.axhspan(e.lo, e.hi, color=looks[key].colour, alpha=0.12, linewidth=0, zorder=0)


def _strength_axes(column: Sequence[Axes], settings: Sequence[Setting], inches: float) -> None:
    """Ticks at the values themselves, on a logarithmic axis where they span more than a factor of three.

    A number that has no room beside the one before it goes one line down.
    """
    values = sorted({x for s in settings if (x := _position(s)) is not None})
    ax = column[-1]
    for upper in column[:-1]:
        upper.tick_params(labelbottom=False)
    if values[0] > 0 and values[-1] / values[0] > 3:
        ax.set_xscale("log")
    ax.get_xlim()  # settles the limits, which the transforms below do not
    places = ax.transAxes.inverted().transform(ax.transData.transform([(v, 0) for v in values]))[:, 0] * inches
    texts, free = [], -1.0
    for place, text in zip(places, map(value_text, values), strict=True):
        half = 0.033 * len(text)
        texts.append(text if place - half > free else f"\n{text}")
        free = free if texts[-1].startswith("\n") else place + half
    ax.xaxis.set_major_locator(FixedLocator(values))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticklabels(texts)


def _dashes(series: Series) -> Any:
    return DASHES.get(series[0], "--")


def _decades(ax: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis of plain numbers, where values span more than a factor of three."""
    if min(values) > 0 and max(values) > 3 * min(values):
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        ax.yaxis.set_minor_locator(NullLocator())


def _position(setting: Setting) -> float | None:
    value = setting.strength_value
    return float(value) if isinstance(value, int | float) else None
