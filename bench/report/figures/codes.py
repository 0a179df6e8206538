"""Figures of what codes hold: scores per factor, information and importance matrices, KL per dimension, agreement."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from bench.quantities import SCORES, quantity_label
from bench.report.collect.examples import Example
from bench.report.collect.findings import Findings
from bench.report.collect.groups import Group, Series, Setting, setting_text
from bench.report.figures.style import (
    PAGE,
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
from bench.report.stats.intervals import iqm
from bench.report.tables.findings import agreement_shown
from bench.report.words.names import factor_names, interval_text, method_label, number_text, rank
from bench.spec import ScoreFile
from bench.store.runs import Matrix

PANELS = 4  # heat maps side by side
MATRICES = {"mutual_information": "mutual information (nats)", "importance": "DCI importance", "nmi": "normalised MI"}


def factor_figure(group: Group) -> Figure | None:
    """A heat map for each score that is known per factor: settings down, factors across, IQM over seeds."""
    names = _per_factor_names(group)
    found = _per_factor(group, [name for _, name in names])
    tables = {label: found[name] for label, name in names if name in found}
    if not tables:
        return None
    settings = [s for s in group.scored if s.spec.method != "ceiling"]
    columns = min(len(tables), PANELS)
    rows = -(-len(tables) // columns)
    size = (min(PAGE, 1.5 + 1.4 * columns), 0.5 + rows * (0.75 + 0.15 * len(settings)))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for ax in axes.ravel()[len(tables) :]:
        ax.set_visible(False)
    image = None
    for ax, (label, table) in zip(axes.ravel(), tables.items(), strict=False):
        image = heat_map(ax, table, 0.0, 1.0)
        ax.set_title(wrapped(label, 1.3))
        ax.set_xticks(range(table.shape[1]), factor_names(group.scored[0].runs[0].record, table.shape[1]), rotation=90)
    labels = [f"{method_label(s.spec.method)} {setting_text(group, s)}".removesuffix(" –") for s in settings]
    for ax in axes[:, 0]:
        ax.set_yticks(range(len(labels)), labels)
    if image is not None:
        figure.colorbar(image, ax=list(axes.ravel()), label="IQM over seeds", fraction=0.03, pad=0.01)
    settle(figure)
    return figure


def _per_factor_names(group: Group) -> list[tuple[str, str]]:
    """Labels and names of what the first protocol of each metric keeps per factor, in the order of the scores."""
    found: dict[str, tuple[tuple[int, str], str]] = {}
    for file in [file for s in group.scored for file in s.runs[0].scores if file.repeats]:
        if file.protocol in {q.protocol for q in group.headline}:
            for name in file.repeats[0].per_factor:
                whole = name if name in SCORES else f"{file.metric}_{name}"
                found.setdefault(name, (rank(whole, SCORES), quantity_label(whole, score=True).text))
    return [(label, name) for name, (_, label) in sorted(found.items(), key=lambda item: item[1][0])]


def matrix_figure(group: Group, examples: Sequence[Example]) -> Figure | None:
    """A row for each matrix, a column for each method: latent dimensions down, by KL, factors across."""
    names = [name for name in MATRICES if any(e.matrix(name) is not None for e in examples)]
    if not names:
        return None
    wide = min(len(examples), PANELS)
    blocks = [examples[i : i + wide] for i in range(0, len(examples), wide)]
    size = (min(PAGE, 0.9 + 1.55 * wide), 0.5 + 1.9 * len(names) * len(blocks))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(names) * len(blocks), wide, squeeze=False)
    for row, (block, name) in zip(grid, itertools.product(blocks, names), strict=True):
        top = max(float(np.nanmax(m)) for e in examples if (m := e.matrix(name)) is not None)
        image = None
        for ax, e in itertools.zip_longest(row, block):
            matrix = None if e is None else e.matrix(name)
            if matrix is None:
                ax.set_visible(False)
                continue
            image = heat_map(ax, matrix, 0.0, top, written=0.2 * top)
            ax.set_yticks(range(len(e.order)), [str(j) for j in e.order])
            factors = factor_names(e.run.record, matrix.shape[1])
            ax.set_xticks(range(len(factors)), factors if name == names[-1] else [], rotation=90)
            if name == names[0]:
                ax.set_title(wrapped(e.title, WIDTH))
        row[0].set_ylabel("latent dimension, by KL")
        if image is not None:
            figure.colorbar(image, ax=list(row), label=MATRICES[name], fraction=0.03, pad=0.01)
    settle(figure)
    return figure


def agreement_figure(found: Findings) -> Figure | None:
    """The rank correlations of scores and costs, with their intervals, below the diagonal."""
    shown = agreement_shown(found)
    rho = found.agreement.rho[np.ix_(shown, shown)]
    if len(shown) < 3 or np.isnan(rho[np.tril_indices(len(shown), -1)]).all():
        return None
    table = np.where(np.tri(len(shown), k=-1, dtype=bool), rho, np.nan)[1:, :-1]
    side = 0.62 * len(table)
    figure = Figure(figsize=(min(PAGE, 1.9 + side), min(PAGE, 1.0 + 0.75 * side)), layout="constrained")
    ax = figure.add_subplot()
    image = heat_map(ax, table, -1.0, 1.0, cmap="PuOr", written=math.inf)
    for i, j in zip(*np.nonzero(~np.isnan(table)), strict=True):
        a, at = found.agreement, (shown[i + 1], shown[j])
        ink = "white" if abs(table[i, j]) > 0.6 else "black"
        text = interval_text(table[i, j], a.lo[at], a.hi[at], 2).replace(" [", "\n[")
        ax.text(j, i, text, ha="center", va="center", fontsize=5, color=ink)
    names = [found.ranked[k].label.head for k in shown]
    ax.set_xticks(range(len(table)), names[:-1], rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(table)), names[1:])
    figure.colorbar(image, ax=ax, label="Spearman's ρ over runs", fraction=0.05, pad=0.02)
    settle(figure)
    return figure


def unit_figure(group: Group, looks: Mapping[Series, Look]) -> Figure | None:
    """KL of each latent dimension, the greatest first: a panel for each series, a line for each of its settings."""
    series = learnt(group, lambda s: len(_kl(s)))
    if not series:
        return None
    figure, columns = columns_of(len(series), ["KL (nats)"], 1.7)
    for (ax,), (key, settings) in zip(columns, series.items(), strict=True):
        look = looks[key]
        for s, drawn in zip(settings, shades(look.colour, len(settings)), strict=True):
            kl = _kl(s)  # (seeds, D)
            x = np.arange(1, kl.shape[1] + 1)
            ax.plot(x, iqm(kl.T), label=strength_name(s), marker=look.marker, markersize=2.5, **drawn)
            if len(kl) > 1:
                ax.fill_between(x, *np.quantile(kl, [0.25, 0.75], axis=0), color=drawn["color"], alpha=0.2, linewidth=0)
        ax.set_title(wrapped(look.name, WIDTH))
        if len(settings) > 1:
            ax.legend(fontsize=SMALL, handlelength=1.6)
    below(columns, "latent dimension, by KL")
    columns[0][0].set_ylim(bottom=0)
    settle(figure)
    return figure


def heat_map(
    ax: Axes, table: Matrix, low: float, high: float, *, cmap: str = "cividis", written: float = -math.inf
) -> AxesImage:
    """Draw a table, with the numbers from `written` on in the cells; nan is left white."""
    image = ax.imshow(table, vmin=low, vmax=high, cmap=cmap, aspect="auto", interpolation="nearest")
    ax.tick_params(length=0, labelsize=6)
    ax.spines[:].set_visible(False)
    for (i, j), value in np.ndenumerate(table):
        if value >= written:
            ink = "white" if value < low + 0.55 * (high - low) else "black"
            ax.text(j, i, number_text(value, 2), ha="center", va="center", fontsize=4.5, color=ink)
    return image


def _per_factor(group: Group, names: Sequence[str]) -> dict[str, Matrix]:
    """By name (settings, K): IQM over seeds of the mean over evaluations; nan where undefined."""
    rows: dict[str, list[Matrix | None]] = {name: [] for name in names}
    for s in [s for s in group.scored if s.spec.method != "ceiling"]:
        known: dict[str, list[Matrix]] = {name: [] for name in names}
        for scores in (run.scores for run in s.runs):
            for name in names:
                known[name] += [v for v in [_first(scores, name)] if v is not None]
        for name, values in known.items():
            same = [v for v in values if len(v) == len(values[0])]
            rows[name].append(iqm(np.array(same).T) if same else None)
    counts = {name: next((len(r) for r in several if r is not None), 0) for name, several in rows.items()}
    return {
        name: np.array([r if r is not None and len(r) == counts[name] else [np.nan] * counts[name] for r in several])
        for name, several in rows.items()
        if counts[name]
    }


def _first(scores: Sequence[ScoreFile], name: str) -> Matrix | None:
    """Values per factor of this name by the first protocol that has them, as the mean over evaluations."""
    for file in scores:
        found = [r.per_factor[name] for r in file.repeats if name in r.per_factor]
        if found and len({len(values) for values in found}) == 1:
            return np.asarray(np.array(found, dtype=np.float64).mean(axis=0))
    return None


def _kl(setting: Setting) -> Matrix:
    """(seeds, D): KL per dimension, each run's in falling order."""
    found = [r.record.diagnostics.get("kl_per_dimension") for r in setting.runs]
    return np.array([sorted(kl, reverse=True) for kl in found if isinstance(kl, list)], dtype=np.float64)
