"""Figures of trainings: loss terms and scores by update, and what was lost at which strength."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from bench.quantities import DIAGNOSTICS
from bench.report.collect.curves import PENALTY, Curve
from bench.report.collect.groups import Group, Series, Setting, setting_text
from bench.report.figures.style import (
    SMALL,
    WIDTH,
    Look,
    below,
    columns_of,
    learnt,
    settle,
    shades,
    strength_name,
    wrapped,
)
from bench.report.tables.text import COUNTS, lost_count
from bench.report.words.names import method_label, value_text
from bench.store.runs import Matrix, Run

ACTIVE, KL = "probe_active_units", "probe_kl_"
QUARTILES = (0.25, 0.5, 0.75)
LEAST_TOP = 0.5  # nats: where an axis of KLs ends at the least, so that a collapse looks like one

TERMS = {"recon": "reconstruction (nats)", "kl": "KL (nats)"}
ADDED = {"tc": "TC, own estimate (nats)", "mmd": "MMD²"}
FLOOR = 1e-3  # nats: where a logarithmic axis of TC ends
HATCHES = {"diverged": "////", "failed": "xxxx", "collapsed": "...."}


def curve_figure(group: Group, looks: Mapping[Series, Look]) -> Figure | None:
    """Reconstruction and KL by update: a row for each, a column for each series, a line for each of its settings."""
    series = learnt(group, lambda s: s.logged & TERMS.keys())
    terms = [t for t in TERMS if any(t in s.logged for settings in series.values() for s in settings)]
    if not terms:
        return None
    figure, columns = columns_of(len(series), [TERMS[term] for term in terms], 1.35)
    _draw_columns(columns, series, [_curves(group, term) for term in terms], looks)
    if "recon" in terms:
        _decades(columns[0][terms.index("recon")])
    settle(figure)
    return figure


def penalty_figure(group: Group, looks: Mapping[Series, Look]) -> Figure | None:
    """What methods add to reconstruction and KL, by update: a panel for each series that logs it, on its own scale."""
    series = learnt(group, lambda s: s.logged & ADDED.keys())
    if not series:
        return None
    figure, columns = columns_of(len(series), [""], 1.5, own=True)
    _draw_columns(columns, series, [_curves(group, PENALTY)], looks)
    for (ax,), settings in zip(columns, series.values(), strict=True):
        name = next(p for p in ADDED if any(p in s.logged for s in settings))
        ax.set_ylabel(ADDED[name])
        tops = [s.curves[PENALTY].high.max() for s in settings if PENALTY in s.curves]
        if name == "tc":
            ax.set_yscale("log")
            ax.set_ylim(FLOOR, 1.3 * max([10 * FLOOR, *tops]))
            ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
            ax.yaxis.set_minor_locator(NullLocator())
    settle(figure)
    return figure


def score_curve_figure(group: Group, looks: Mapping[Series, Look]) -> Figure | None:
    """Scores by update, of runs that were scored in training: a row for each score, a column for each series."""
    names = {q.name: q.label.text for q in group.headline if any(q.name in s.curves for s in group.settings)}
    series = learnt(group, lambda s: names.keys() & s.curves)
    if not series:
        return None
    figure, columns = columns_of(len(series), list(names.values()), 1.35)
    _draw_columns(columns, series, [_curves(group, name) for name in names], looks)
    settle(figure)
    return figure


def lost_figure(group: Group, looks: Mapping[Series, Look]) -> Figure | None:
    """Runs that diverged, failed or collapsed, in a bar for each setting; None where none did."""
    series = learnt(group)
    if not any(lost_count(s, what) for settings in series.values() for s in settings for what in COUNTS):
        return None
    figure, columns = columns_of(len(series), ["runs"], 1.5, across="column")
    for (ax,), (key, settings) in zip(columns, series.items(), strict=True):
        x, floor = np.arange(len(settings)), np.zeros(len(settings))
        for what in COUNTS:
            height = np.array([lost_count(s, what) for s in settings], dtype=float)
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


def _draw_columns(
    columns: Sequence[Sequence[Axes]],
    series: Mapping[Series, Sequence[Setting]],
    rows: Sequence[Mapping[Setting, Curve]],
    looks: Mapping[Series, Look],
) -> None:
    """The curves of a series in each column; those of each row by setting."""
    for column, (key, settings) in zip(columns, series.items(), strict=True):
        for s, drawn in zip(settings, shades(looks[key].colour, len(settings)), strict=True):
            for ax, curves in zip(column, rows, strict=True):
                if s in curves:
                    steps, middle, low, high = curves[s]
                    ax.plot(steps, middle, label=strength_name(s), **drawn)
                    ax.fill_between(steps, low, high, color=drawn["color"], alpha=0.2, linewidth=0)
        column[0].set_title(wrapped(looks[key].name, WIDTH))
        if len(settings) > 1:
            column[0].legend(fontsize=SMALL, handlelength=1.6)
    below(columns, "update")


def _decades(ax: Axes) -> None:
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_locator(NullLocator())


def _curves(group: Group, term: str) -> dict[Setting, Curve]:
    return {s: s.curves[term] for s in group.settings if term in s.curves}


GRADIENTS = tuple(name for name in DIAGNOSTICS if name.startswith("grad_loss"))


class Probed(NamedTuple):
    """Quartiles over the seeds of a setting, at each logged update.

    seeds: how many; active: the number of active units; kl (3, T, D), each run's dimensions in falling order.
    """

    seeds: int
    active: Curve
    kl: Matrix


def probed(group: Group) -> dict[Setting, Probed]:
    """The settings of methods whose runs were probed in training; histories are read one after another."""
    settings = [s for s in group.trained if ACTIVE in s.logged]
    return {s: found for s in settings if (found := _quartiles(s)) is not None}


def active_figure(group: Group, found: Mapping[Setting, Probed], looks: Mapping[Series, Look]) -> Figure | None:
    """Active units by update: a panel for each series, a line for each of its settings."""
    series = learnt(group, found.__contains__)
    if not series:
        return None
    figure, columns = columns_of(len(series), ["active units"], 1.55)
    _draw_columns(columns, series, [{s: found[s].active for s in found}], looks)
    columns[0][0].set_ylim(-0.03 * group.spec.z_dim, 1.03 * group.spec.z_dim)
    settle(figure)
    return figure


def kl_figure(group: Group, found: Mapping[Setting, Probed], looks: Mapping[Series, Look]) -> Figure | None:
    """KL of the latent dimensions by update: a panel for each setting, a line for each place in their order."""
    shown = [(key, s) for key, settings in learnt(group, found.__contains__).items() for s in settings]
    if not shown:
        return None
    figure, columns = columns_of(len(shown), ["KL (nats)"], 1.15)
    for (ax,), (key, s) in zip(columns, shown, strict=True):
        for low, middle, high in np.moveaxis(found[s].kl, 2, 0):
            ax.plot(found[s].active.steps, middle, color=looks[key].ink, linewidth=0.7)
            ax.fill_between(found[s].active.steps, low, high, color=looks[key].colour, alpha=0.25, linewidth=0)
        name = f"{method_label(s.spec.method)}, {setting_text(group, s)}".removesuffix(", –")
        ax.set_title(wrapped(name, WIDTH))
    below(columns, "update")
    settled = [found[s].kl[-1, len(found[s].active.steps) // 4 :].max() for _, s in shown]
    columns[0][0].set_ylim(0, max(LEAST_TOP, *(1.05 * top for top in settled)))
    settle(figure)
    return figure


def _quartiles(setting: Setting) -> Probed | None:
    """Of the runs that were probed; those that were logged at other updates than the first are left out."""
    read = [one for one in map(_probes, setting.runs) if one is not None]
    if not read:
        return None
    steps = read[0][0]
    same = [one for one in read if np.array_equal(one[0], steps) and one[2].shape == read[0][2].shape]
    (low, middle, high), kl = (np.quantile([one[i] for one in same], QUARTILES, axis=0) for i in (1, 2))
    return Probed(len(same), Curve(steps, middle, low, high), kl)


def _probes(run: Run) -> tuple[Matrix, Matrix, Matrix] | None:
    """Updates (T,), active units (T,) and KL (T, D) in falling order; None for a run without."""
    rows = [row for row in run.history if ACTIVE in row]
    if not rows:
        return None
    names = [name for name in rows[0] if name.startswith(KL)]
    if any(name not in row for row in rows for name in names):
        return None
    table = np.array([[row["step"], row[ACTIVE], *(row[name] for name in names)] for row in rows])
    return table[:, 0], table[:, 1], np.sort(table[:, 2:], axis=1)[:, ::-1]
