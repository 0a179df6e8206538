"""Figures of decoded vectors and sequences: curves, where images would be pictures."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.quantities import fixed
from bench.report.collect.examples import Example
from bench.report.figures.style import GREY, PAGE, SMALL, settle

Curves = NDArray[np.float32]  # (rows, columns, C, L), or (rows, columns, L) of vectors
MAP = "viridis"

TRAVERSED = (
    "A panel: one latent dimension moved from -2.5 (dark) to 2.5 (light) prior standard deviations, the others at "
    "their posterior means for one observation, the same for all methods; a curve is the decoder's mean over the "
    "features or the instants. Rows by falling KL. Above a panel: the factor that its dimension says most about with "
    "their mutual information in nats, if that and the KL are at least 0.1, then its KL in nats."
)
RECONSTRUCTED = (
    "Grey: the first evaluation rows of this seed, by which no run was chosen. Dark: what each method makes of them, "
    "the decoder's mean at the posterior's mean."
)


def traversals(shown: list[tuple[Example, Curves]]) -> Figure:
    """Curves (D, values of a latent, ...) of each example, its dimensions one below another."""
    d = max(len(e.order) for e, _ in shown)
    figure = Figure(figsize=(PAGE, 0.3 + 0.52 * d), layout="constrained")
    axes = figure.subplots(d, len(shown), squeeze=False, sharex=True, sharey="col")
    for column, (e, decoded) in zip(axes.T, shown, strict=True):
        colours = mpl.colormaps[MAP](np.linspace(0, 0.92, decoded.shape[1]))
        for ax in column[len(e.order) :]:
            ax.set_visible(False)
        for ax, j, row in zip(column, e.order, decoded, strict=False):
            for colour, curve in zip(colours, row, strict=True):
                _plot(ax, curve, color=colour, linewidth=0.6)
            label = f"{e.tracked(j)}   {fixed(e.kl[j], 2)}".strip()
            ax.set_title(f"{e.title}\n{label}" if ax is column[0] else label, fontsize=SMALL - 1.5, pad=1)
    settle(figure)
    return figure


def reconstructions(shown: list[tuple[str, Curves]], x: NDArray[np.float32]) -> Figure:
    """Curves (N, ...) of each title over the observations x (N, ...)."""
    figure = Figure(figsize=(PAGE, 0.1 + 0.8 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), len(x), squeeze=False, sharex=True, sharey=True)
    for row, (title, decoded) in zip(axes, shown, strict=True):
        for ax, observed, curve in zip(row, x, decoded, strict=True):
            _plot(ax, observed, color=(*GREY, 0.6), linewidth=0.5)
            _plot(ax, curve, color=(0.1, 0.2, 0.5), linewidth=0.7)
        row[0].set_title(title, pad=1)
    settle(figure)
    return figure


def _plot(ax: Any, curve: NDArray[np.float32], **how: Any) -> None:
    """Every channel of a sequence (C, L), or the features of a vector (L,), against their place."""
    ax.plot(np.atleast_2d(curve).T, **how)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
