"""Figures of trainings: loss terms by update, and what was lost at which strength."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from bench.report.aggregate import Group, Setting
from bench.report.names import DIAGNOSTICS, method_label, value_text
from bench.report.run import Matrix
from bench.report.style import PAGE, SMALL, Look, settle, shades
from bench.report.tables import COUNTS, setting_text

TERMS = {"recon": "reconstruction (nats)", "kl": "KL (nats)"}
PENALTY, PENALTIES = "penalty", {"tc": "TC (nats)", "mmd": "MMD²"}  # what a method adds to them, if it logs it
HATCHES = {"diverged": "////", "failed": "xxxx", "collapsed": "...."}


def curve_figure(group: Group, looks: Mapping[str, Look]) -> Figure | None:
    """Loss terms by update: a row for each term, a column for each method, a line for each of its settings."""
    methods = {m: [s for s in settings if _logged(s)] for m, settings in group.methods.items()}
    methods = {m: settings for m, settings in methods.items() if settings}
    if not methods:
        return None
    logged = {name for settings in methods.values() for s in settings for name in _logged(s)}
    terms = [t for t in TERMS if t in logged] + ([PENALTY] if logged & set(PENALTIES) else [])
    if not terms:
        return None
    figure = Figure(figsize=(min(PAGE, 0.7 + 1.75 * len(methods)), 0.5 + 1.35 * len(terms)), layout="constrained")
    axes = figure.subplots(len(terms), len(methods), squeeze=False, sharex=True)
    for row, term in zip(axes, terms, strict=True):
        _curve_axes(row, term, list(methods.values()))
    for column, (method, settings) in zip(axes.T, methods.items(), strict=True):
        for ax, term in zip(column, terms, strict=True):
            _draw_curves(ax, group, settings, term, looks[method])
        column[0].set_title(method_label(method))
        if len(settings) > 1:
            column[0].legend(fontsize=SMALL, handlelength=1.6)
    for column in axes.T:
        below = [ax for ax in column if ax.get_visible()][-1]
        below.set_xlabel("update")
        below.tick_params(labelbottom=True)
    settle(figure)
    return figure


def lost_figure(group: Group, looks: Mapping[str, Look]) -> Figure | None:
    """Runs that diverged, failed or collapsed, in a bar for each setting; None where none did."""
    methods = {m: list(settings) for m, settings in group.methods.items()}
    if not any(_count(s, what) for settings in methods.values() for s in settings for what in COUNTS):
        return None
    widths = [max(len(settings), 2) for settings in methods.values()]
    size = (min(PAGE, 0.9 + 0.4 * sum(widths)), 2.1)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(1, len(methods), squeeze=False, sharey=True, gridspec_kw={"width_ratios": widths})[0]
    for ax, (method, settings) in zip(axes, methods.items(), strict=True):
        x, floor = np.arange(len(settings)), np.zeros(len(settings))
        for what in COUNTS:
            height = np.array([_count(s, what) for s in settings], dtype=float)
            ax.bar(
                x, height, bottom=floor, color="white", edgecolor=looks[method].ink, hatch=HATCHES[what], linewidth=0.8
            )
            floor += height
        strengths = [None if s.strength_value is None else value_text(s.strength_value) for s in settings]
        ax.set_xticks(x, ["" if v is None else v for v in strengths])
        ax.set_xlabel(looks[method].name)
        ax.set_ylim(0, max(sum(s.counts.values()) for s in group.settings))
    axes[0].set_ylabel("runs")
    bars = [Patch(facecolor="white", edgecolor="0.35", hatch=HATCHES[what], label=what) for what in COUNTS]
    figure.legend(handles=bars, loc="outside lower center", ncols=len(bars))
    settle(figure)
    return figure


def _curve_axes(row: Sequence[Axes], term: str, settings: Sequence[Sequence[Setting]]) -> None:
    """One scale for all methods, but for penalties, which are of different kinds."""
    if term == PENALTY:
        for ax, several in zip(row, settings, strict=True):
            name = next((p for p in PENALTIES if any(p in _logged(s) for s in several)), None)
            ax.set_visible(name is not None)
            ax.set_ylabel(PENALTIES.get(name or "", ""))
        return
    for ax in row[1:]:
        ax.sharey(row[0])
        ax.tick_params(labelleft=False)
    row[0].set_ylabel(TERMS[term])
    if term == "recon":
        row[0].set_yscale("log")
        row[0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        row[0].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        row[0].yaxis.set_minor_locator(NullLocator())


def _draw_curves(ax: Axes, group: Group, settings: Sequence[Setting], term: str, look: Look) -> None:
    for s, drawn in zip(settings, shades(look.colour, len(settings)), strict=True):
        steps, values = _curves(s, term)
        if steps.size:
            ax.plot(steps, np.median(values, axis=0), label=setting_text(group, s), **drawn)
            ends = np.quantile(values, [0.25, 0.75], axis=0)
            ax.fill_between(steps, *ends, color=drawn["color"], alpha=0.2, linewidth=0)


def _curves(setting: Setting, term: str) -> tuple[Matrix, Matrix]:
    """Updates (T,), and a term at them by run (runs, T); runs that were logged at other updates are left out."""
    names = tuple(PENALTIES) if term == PENALTY else (term,)
    found = [[(row["step"], row[n]) for row in r.history for n in names if n in row] for r in setting.runs]
    found = [f for f in found if f and all(math.isfinite(value) for _, value in f)]
    if not found:
        return np.empty(0), np.empty((0, 0))
    steps = [step for step, _ in found[0]]
    return np.array(steps), np.array([[v for _, v in f] for f in found if [step for step, _ in f] == steps])


def _logged(setting: Setting) -> set[str]:
    return {name for r in setting.runs for name in (r.history[-1] if r.history else ())}


def _count(setting: Setting, what: str) -> int:
    return setting.collapsed if what == "collapsed" else setting.counts[what]


GRADIENTS = tuple(name for name in DIAGNOSTICS if name.startswith("grad_loss"))
