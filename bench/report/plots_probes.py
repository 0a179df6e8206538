"""Figures of what a training's history was asked every so often: active units and the KL of each latent dimension."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.aggregate import Group, Setting
from bench.report.names import method_label
from bench.report.run import Matrix, Run
from bench.report.style import PAGE, SMALL, Look, settle, shades
from bench.report.tables import setting_text

ACTIVE, KL = "probe_active_units", "probe_kl_"
QUARTILES = (0.25, 0.5, 0.75)
ACROSS = 4  # panels side by side
LEAST_TOP = 0.5  # nats: where an axis of KLs ends at the least, so that a collapse looks like one


class Probed(NamedTuple):
    """Quartiles over the seeds of a setting, at each logged update.

    seeds: how many; steps (T,); active (3, T); kl (3, T, D), each run's dimensions in falling order at each update.
    """

    seeds: int
    steps: Matrix
    active: Matrix
    kl: Matrix


def probed(group: Group) -> dict[Setting, Probed]:
    """The settings of methods whose runs were probed in training; histories are read one after another."""
    settings = [s for several in group.methods.values() for s in several]
    return {s: found for s in settings if (found := _quartiles(s)) is not None}


def active_figure(group: Group, found: Mapping[Setting, Probed], looks: Mapping[str, Look]) -> Figure | None:
    """Active units by update: a panel for each method, a line for each of its settings."""
    methods = {m: [s for s in settings if s in found] for m, settings in group.methods.items()}
    methods = {m: settings for m, settings in methods.items() if settings}
    if not methods:
        return None
    figure, axes = _panels(len(methods), 1.55)
    for ax, (method, settings) in zip(axes, methods.items(), strict=True):
        for s, drawn in zip(settings, shades(looks[method].colour, len(settings)), strict=True):
            low, middle, high = found[s].active
            ax.plot(found[s].steps, middle, label=setting_text(group, s), **drawn)
            ax.fill_between(found[s].steps, low, high, color=drawn["color"], alpha=0.2, linewidth=0)
        ax.set_title(method_label(method))
        if len(settings) > 1:
            ax.legend(fontsize=SMALL, handlelength=1.6)
    axes[0].set_ylim(-0.03 * group.spec.z_dim, 1.03 * group.spec.z_dim)
    figure.supylabel("active units", fontsize="medium")
    settle(figure)
    return figure


def kl_figure(group: Group, found: Mapping[Setting, Probed], looks: Mapping[str, Look]) -> Figure | None:
    """KL of the latent dimensions by update: a panel for each setting, a line for each place in their order."""
    if not found:
        return None
    figure, axes = _panels(len(found), 1.15)
    for ax, (s, seen) in zip(axes, found.items(), strict=True):
        look = looks[s.spec.method]
        for low, middle, high in np.moveaxis(seen.kl, 2, 0):
            ax.plot(seen.steps, middle, color=look.ink, linewidth=0.7)
            ax.fill_between(seen.steps, low, high, color=look.colour, alpha=0.25, linewidth=0)
        ax.set_title(f"{method_label(s.spec.method)}, {setting_text(group, s)}".removesuffix(", –"))
    axes[0].set_ylim(0, max(LEAST_TOP, *(1.05 * seen.kl[-1, len(seen.steps) // 4 :].max() for seen in found.values())))
    figure.supylabel("KL of a latent dimension (nats)", fontsize="medium")
    settle(figure)
    return figure


def _panels(count: int, height: float) -> tuple[Figure, list[Axes]]:
    """Panels of common scales, the last row filled from the left; each column's lowest has the updates below it."""
    across = min(count, ACROSS)
    rows = -(-count // across)
    figure = Figure(figsize=(min(PAGE, 0.7 + 1.75 * across), 0.55 + height * rows), layout="constrained")
    grid = figure.subplots(rows, across, squeeze=False, sharex=True, sharey=True)
    for ax in grid.ravel()[count:]:
        ax.set_visible(False)
    for column in grid.T:
        lowest = [ax for ax in column if ax.get_visible()][-1]
        lowest.set_xlabel("update")
        lowest.tick_params(labelbottom=True)
    return figure, list(grid.ravel()[:count])


def _quartiles(setting: Setting) -> Probed | None:
    """Of the runs that were probed; those that were logged at other updates than the first are left out."""
    read = [one for one in map(_probes, setting.runs) if one is not None]
    if not read:
        return None
    steps = read[0][0]
    same = [one for one in read if np.array_equal(one[0], steps)]
    active, kl = (np.quantile([one[i] for one in same], QUARTILES, axis=0) for i in (1, 2))
    return Probed(len(same), steps, active, kl)


def _probes(run: Run) -> tuple[Matrix, Matrix, Matrix] | None:
    """Updates (T,), active units (T,) and KL (T, D) in falling order; None for a run without."""
    rows = [row for row in run.history if ACTIVE in row]
    if not rows:
        return None
    names = [name for name in rows[0] if name.startswith(KL)]
    table = np.array([[row["step"], row[ACTIVE], *(row[name] for name in names)] for row in rows])
    return table[:, 0], table[:, 1], np.sort(table[:, 2:], axis=1)[:, ::-1]
