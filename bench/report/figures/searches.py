"""Figures of searches: best so far, searched and confirmed, the front of trials, importances."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bench.errors import optional
from bench.report.collect.searches import SearchResult, label, so_far
from bench.report.figures.catalogue import Drawn
from bench.report.figures.style import COLUMN, SMALL, Look, looks, settle
from bench.report.stats.hypervolume import non_dominated
from bench.report.tables.captions import FEW
from bench.report.words.names import method_label, symbol

DASHES = ("-", "--", "-.", ":")
HATCHES = ("", "////", "....", "xxxx")
PROGRESS = (
    "Dots are trials, each the median over its runs; the line is the best of the trials so far, which can only get "
    "better: its end is no measure of the setting found."
)
CONFIRMED = (
    "Hollow: the median over the chosen trial's runs, the number it was chosen by. Small dots: the same setting on "
    "report seeds, which the search never saw; filled: their median with its 95 % percentile bootstrap interval. The "
    "best of many is chosen for its luck too, so that the first is too high on average: the winner's curse."
)
FRONT = (
    "Each point is a trial, medians over its runs; filled where no trial of any method is better in both, the line "
    "leads along these. These are search runs: the front says where to look, not which method is better."
)
IMPORTANCE = (
    "Share of the variance of the objective over the space searched, by fANOVA (Hutter et al. 2014); the shares of a "
    "method sum to 1."
)


def search_drawn(found: Sequence[SearchResult]) -> Iterator[Drawn]:
    """The figures of each set of searches that may be compared."""
    groups: dict[tuple[object, ...], list[SearchResult]] = {}
    for one in found:
        if one.done:
            groups.setdefault(one.group, []).append(one)
    for i, several in enumerate(groups.values(), start=1):
        stem = "figures/search" + (f"-{i}" if len(groups) > 1 else "")
        look = {key[0]: one for key, one in looks(((s.search.method, ()), ()) for s in several).items()}
        yield from _drawn(several, stem, look)


def progress_figure(found: Sequence[SearchResult], look: Mapping[str, Look]) -> Figure:
    """The deciding objective's best value against trials."""
    figure = Figure(figsize=(COLUMN, 2.5), layout="constrained")
    ax = figure.subplots()
    handles = []
    for i, one in enumerate(found):
        style = look[one.search.method]
        dots = [(t.number + 1, t.values[one.deciding]) for t in one.done]
        numbers, scores = zip(*dots, strict=True)
        ax.scatter(numbers, scores, s=9, marker=style.marker, color=style.colour, alpha=0.45, linewidths=0)
        steps = so_far(one)
        steps.append((one.search.budget, steps[-1][1]))
        line = {"color": style.colour, "linestyle": DASHES[i % len(DASHES)]}
        handles.append(Line2D([], [], marker=style.marker, markersize=3.5, label=style.name, **line))  # type: ignore[arg-type]
        ax.step(*zip(*steps, strict=True), where="post", **line)  # type: ignore[arg-type]
    ax.set_xlabel("trials")
    ax.set_ylabel(f"{label(found[0].goal)} (median over {len(found[0].search.seeds)} search seeds)", fontsize=SMALL)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    settle(figure)
    return figure


def confirmed_figure(found: Sequence[SearchResult], look: Mapping[str, Look]) -> Figure | None:
    """The deciding objective as searched and as confirmed; None where nothing is."""
    shown = [(one, one.best) for one in found if one.best is not None and one.goal.name in one.estimates]
    if not shown:
        return None
    figure = Figure(figsize=(COLUMN, 2.4), layout="constrained")
    ax = figure.subplots()
    for x, (one, best) in enumerate(shown):
        style, name = look[one.search.method], one.goal.name
        e, value = one.estimates[name], best.values[one.deciding]
        ax.plot([x - 0.15, x + 0.15], [value, e.median], color=style.colour, linewidth=0.7, linestyle=":")
        ax.plot(x - 0.15, value, marker=style.marker, color=style.colour, markerfacecolor="white", linestyle="")
        seeds = one.samples[name]
        ax.scatter([x + 0.27] * len(seeds), seeds, s=6, color=style.colour, alpha=0.5, linewidths=0)
        bars = [[max(e.median - e.median_lo, 0)], [max(e.median_hi - e.median, 0)]] if e.n > 1 else None
        ax.errorbar(x + 0.15, e.median, yerr=bars, marker=style.marker, color=style.colour, elinewidth=0.9)
    ax.set_xticks(range(len(shown)), [look[one.search.method].name for one, _ in shown])
    ax.set_xlim(-0.6, len(shown) - 0.4)
    ax.set_ylabel(label(found[0].goal))
    grey = {"color": "0.3", "marker": "o", "linestyle": ""}
    handles = [Line2D([], [], markerfacecolor="white", label="searched", **grey)]  # type: ignore[arg-type]
    handles.append(Line2D([], [], label="confirmed", **grey))  # type: ignore[arg-type]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    settle(figure)
    return figure


def front_figure(found: Sequence[SearchResult], look: Mapping[str, Look]) -> Figure | None:
    """Trials in the plane of reconstruction and the deciding objective; None where that is a cost itself."""
    goal = found[0].goal
    points = [(t.recon, t.values[s.deciding], s.search.method) for s in found for t in s.done if t.recon is not None]
    if not points or not (goal.protocol or goal.name == "udr"):
        return None
    kept = non_dominated(np.array([(x, -y) for x, y, _ in points]))
    figure = Figure(figsize=(COLUMN, 2.8), layout="constrained")
    ax = figure.subplots()
    for (x, y, method), on in zip(points, kept, strict=True):
        style = look[method]
        fill = style.colour if on else "white"
        ax.plot(x, y, marker=style.marker, color=style.colour, markerfacecolor=fill, ms=4, zorder=3 if on else 2)
    front = sorted((x, y) for (x, y, _), on in zip(points, kept, strict=True) if on)
    ax.step(*zip(*front, strict=True), where="post", color="0.35", linewidth=0.9, zorder=0)
    costs = [x for x, _, _ in points]
    if min(costs) > 0 and max(costs) > 3 * min(costs):
        ax.set_xscale("log")
    ax.set_xlabel("← reconstruction (nats per observation)")
    ax.set_ylabel(f"{label(goal)} →")
    handles = [Line2D([], [], color=s.colour, marker=s.marker, linestyle="", label=s.name) for s in look.values()]
    handles.append(Line2D([], [], color="0.35", label="non-dominated front"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    settle(figure)
    return figure


def importance_figure(found: Sequence[SearchResult], look: Mapping[str, Look]) -> Figure | None:
    """Bars of each dimension's share in the deciding objective; None where only one dimension was searched."""
    shown = [s for s in found if len(s.search.importances.get(s.goal.name, {})) > 1]
    if not shown:
        return None
    bars = sum(len(s.search.importances[s.goal.name]) for s in shown)
    figure = Figure(figsize=(COLUMN, 0.7 + 0.2 * bars), layout="constrained")
    ax = figure.subplots()
    names: list[str] = []
    for i, one in enumerate(shown):
        style = look[one.search.method]
        for dimension, share in one.search.importances[one.goal.name].items():
            fill = {"color": style.colour, "hatch": HATCHES[i % len(HATCHES)], "edgecolor": "white"}
            ax.barh(len(names), share, height=0.7, **fill)  # type: ignore[arg-type]
            names.append(f"{method_label(one.search.method)}: {symbol(dimension)}")
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlim(0, 1)
    ax.set_xlabel(f"share of the variance of {label(shown[0].goal)}")
    settle(figure)
    return figure


def _drawn(found: Sequence[SearchResult], stem: str, look: Mapping[str, Look]) -> Iterator[Drawn]:
    one, goal = found[0].search, found[0].goal
    name, tail = label(goal), _setup(found)
    few = f" Intervals from fewer than {FEW} seeds are too narrow." if len(one.confirm_seeds) < FEW else ""
    figures = [
        ("progress", progress_figure, f"Best {name} so far against trials", PROGRESS),
        ("confirmed", confirmed_figure, f"{name} as searched and as confirmed", CONFIRMED + few),
        ("front", front_figure, f"{name} of every trial against reconstruction", FRONT),
        ("importances", importance_figure, f"What {name} depends on", IMPORTANCE),
    ]
    for what, draw, head, caption in figures:
        errors: dict[str, str] = {}
        figure = None
        with optional(what, errors):
            figure = draw(found, look)
        if figure is not None:
            yield Drawn(f"{stem}_{what}", figure, f"{head}.", f"{caption} {tail}")
        for reason in errors.values():
            yield Drawn(f"{stem}_{what}", None, f"{head}: left out: {reason}", "")


def _setup(found: Sequence[SearchResult]) -> str:
    one = found[0].search
    failed = sum(t.state == "failed" for s in found for t in s.search.trials)
    protocols = dict.fromkeys(f"{label(g)} by {g.protocol}" for g in one.objectives if g.protocol)
    told = (
        f"{one.budget} trials of {len(one.seeds)} runs for each method, sampler {one.sampler}; {failed} trials failed."
    )
    return " ".join([told, *(f"{text}." for text in protocols)])
