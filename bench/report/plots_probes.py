"""Figures of what a training's history was asked every so often: active units and the KL of each latent dimension."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from bench.report.aggregate import Group, Series, Setting
from bench.report.names import method_label
from bench.report.panels import below, columns_of, learnt
from bench.report.run import Matrix, Run
from bench.report.style import SMALL, Look, settle, shades, strength_name
from bench.report.tables import setting_text

ACTIVE, KL = "probe_active_units", "probe_kl_"
QUARTILES = (0.25, 0.5, 0.75)
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
    settings = [s for several in learnt(group).values() for s in several if ACTIVE in s.logged]
    return {s: found for s in settings if (found := _quartiles(s)) is not None}


def active_figure(group: Group, found: Mapping[Setting, Probed], looks: Mapping[Series, Look]) -> Figure | None:
    """Active units by update: a panel for each series, a line for each of its settings."""
    series = {k: [s for s in settings if s in found] for k, settings in learnt(group).items()}
    series = {k: settings for k, settings in series.items() if settings}
    if not series:
        return None
    figure, columns = columns_of(len(series), ["active units"], 1.55)
    for (ax,), (key, settings) in zip(columns, series.items(), strict=True):
        for s, drawn in zip(settings, shades(looks[key].colour, len(settings)), strict=True):
            low, middle, high = found[s].active
            ax.plot(found[s].steps, middle, label=strength_name(s), **drawn)
            ax.fill_between(found[s].steps, low, high, color=drawn["color"], alpha=0.2, linewidth=0)
        ax.set_title(looks[key].name)
        if len(settings) > 1:
            ax.legend(fontsize=SMALL, handlelength=1.6)
    below(columns, "update")
    columns[0][0].set_ylim(-0.03 * group.spec.z_dim, 1.03 * group.spec.z_dim)
    settle(figure)
    return figure


def kl_figure(group: Group, found: Mapping[Setting, Probed], looks: Mapping[Series, Look]) -> Figure | None:
    """KL of the latent dimensions by update: a panel for each setting, a line for each place in their order."""
    shown = [(key, s) for key, settings in learnt(group).items() for s in settings if s in found]
    if not shown:
        return None
    figure, columns = columns_of(len(shown), ["KL (nats)"], 1.15)
    for (ax,), (key, s) in zip(columns, shown, strict=True):
        for low, middle, high in np.moveaxis(found[s].kl, 2, 0):
            ax.plot(found[s].steps, middle, color=looks[key].ink, linewidth=0.7)
            ax.fill_between(found[s].steps, low, high, color=looks[key].colour, alpha=0.25, linewidth=0)
        ax.set_title(f"{method_label(s.spec.method)}, {setting_text(group, s)}".removesuffix(", –"))
    below(columns, "update")
    settled = [found[s].kl[-1, len(found[s].steps) // 4 :].max() for _, s in shown]
    columns[0][0].set_ylim(0, max(LEAST_TOP, *(1.05 * top for top in settled)))
    settle(figure)
    return figure


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
