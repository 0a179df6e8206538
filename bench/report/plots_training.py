"""Figures of trainings: loss terms and scores by update, and what was lost at which strength."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from bench.report.aggregate import Group, Series, Setting
from bench.report.names import DIAGNOSTICS, value_text
from bench.report.panels import below, columns_of, learnt
from bench.report.style import SMALL, Look, settle, shades, strength_name
from bench.report.tables import COUNTS
from bench.report.trainings import PENALTY

TERMS = {"recon": "reconstruction (nats)", "kl": "KL (nats)"}
ADDED = {"tc": "TC (nats)", "mmd": "MMD²"}
HATCHES = {"diverged": "////", "failed": "xxxx", "collapsed": "...."}


def curve_figure(group: Group, looks: Mapping[Series, Look]) -> Figure | None:
    """Loss terms by update: a row for each term, a column for each series, a line for each of its settings."""
    series = {k: [s for s in settings if s.logged] for k, settings in learnt(group).items()}
    series = {k: settings for k, settings in series.items() if settings}
    logged = {name for settings in series.values() for s in settings for name in s.logged}
    terms = [t for t in TERMS if t in logged] + ([PENALTY] if logged & set(ADDED) else [])
    if not terms:
        return None
    labels = [TERMS.get(term, "") for term in terms]
    figure, columns = columns_of(len(series), labels, 1.35, own=[i for i, term in enumerate(terms) if term == PENALTY])
    for column, (key, settings) in zip(columns, series.items(), strict=True):
        for ax, term in zip(column, terms, strict=True):
            _draw_curves(ax, settings, term, looks[key])
        column[0].set_title(looks[key].name)
        if len(settings) > 1:
            column[0].legend(fontsize=SMALL, handlelength=1.6)
    for row, term in enumerate(terms):
        if term == PENALTY:
            _penalty_axes([column[row] for column in columns], list(series.values()))
        if term == "recon":
            _decades(columns[0][row])
    below(columns, "update")
    settle(figure)
    return figure


def score_curve_figure(group: Group, looks: Mapping[Series, Look]) -> Figure | None:
    """Scores by update, of runs that were scored in training: a row for each score, a column for each series."""
    names = {q.name: q.label.text for q in group.headline if any(q.name in s.curves for s in group.settings)}
    series = {k: [s for s in settings if names.keys() & s.curves] for k, settings in learnt(group).items()}
    series = {k: settings for k, settings in series.items() if settings}
    if not series:
        return None
    figure, columns = columns_of(len(series), list(names.values()), 1.35)
    for column, (key, settings) in zip(columns, series.items(), strict=True):
        for ax, name in zip(column, names, strict=True):
            _draw_curves(ax, settings, name, looks[key])
        column[0].set_title(looks[key].name)
        if len(settings) > 1:
            column[0].legend(fontsize=SMALL, handlelength=1.6)
    below(columns, "update")
    settle(figure)
    return figure


def lost_figure(group: Group, looks: Mapping[Series, Look]) -> Figure | None:
    """Runs that diverged, failed or collapsed, in a bar for each setting; None where none did."""
    series = learnt(group)
    if not any(_count(s, what) for settings in series.values() for s in settings for what in COUNTS):
        return None
    figure, columns = columns_of(len(series), ["runs"], 1.5, across="column")
    for (ax,), (key, settings) in zip(columns, series.items(), strict=True):
        x, floor = np.arange(len(settings)), np.zeros(len(settings))
        for what in COUNTS:
            height = np.array([_count(s, what) for s in settings], dtype=float)
            ax.bar(x, height, bottom=floor, color="white", edgecolor=looks[key].ink, hatch=HATCHES[what], linewidth=0.8)
            floor += height
        strengths = [None if s.strength_value is None else value_text(s.strength_value) for s in settings]
        ax.set_xticks(x, ["" if v is None else v for v in strengths])
        ax.set_xlim(-0.8, max(len(settings), 3) - 0.2)  # bars of one width
        ax.set_xlabel(looks[key].name)
    columns[0][0].set_ylim(0, max(sum(s.counts.values()) for s in group.settings))
    bars = [Patch(facecolor="white", edgecolor="0.35", hatch=HATCHES[what], label=what) for what in COUNTS]
    figure.legend(handles=bars, loc="outside lower center", ncols=len(bars))
    settle(figure)
    return figure


def _penalty_axes(row: Sequence[Axes], settings: Sequence[Sequence[Setting]]) -> None:
    """Each on a scale of its own: penalties are of different kinds."""
    for ax, several in zip(row, settings, strict=True):
        name = next((p for p in ADDED if any(p in s.logged for s in several)), None)
        ax.set_visible(name is not None)
        ax.set_ylabel(ADDED.get(name or "", ""))


def _decades(ax: Axes) -> None:
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_locator(NullLocator())


def _draw_curves(ax: Axes, settings: Sequence[Setting], term: str, look: Look) -> None:
    for s, drawn in zip(settings, shades(look.colour, len(settings)), strict=True):
        curve = s.curves.get(term)
        if curve is not None:
            ax.plot(curve.steps, curve.median, label=strength_name(s), **drawn)
            ax.fill_between(curve.steps, curve.low, curve.high, color=drawn["color"], alpha=0.2, linewidth=0)


def _count(setting: Setting, what: str) -> int:
    return setting.collapsed if what == "collapsed" else setting.counts[what]


GRADIENTS = tuple(name for name in DIAGNOSTICS if name.startswith("grad_loss"))
