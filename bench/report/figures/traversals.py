"""Latent traversals of several methods side by side, from the strips that runs keep."""

import re
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from bench.quantities import fixed
from bench.report.collect.examples import Example
from bench.report.figures.style import ACROSS, PAGE, settle
from bench.store.files import Damaged

BESIDE = 0.7  # inches for the labels of the rows
STRIP = re.compile(r"traversals/step(\d+)\.png")


def traversal_figure(examples: Sequence[Example]) -> Figure | None:
    """Each method's last strip: a row for each latent dimension, by KL, with the factor that it tracks beside it."""
    shown = [(e, rows) for e in examples if (rows := strip(e)) is not None]
    if not shown:
        return None
    across = min(len(shown), ACROSS)
    below = -(-len(shown) // across)
    width = min(PAGE / across, 3.4)
    d, h, w = max(len(rows) for _, rows in shown), *shown[0][1].shape[1:3]
    size = (width * across, below * (0.25 + (width - BESIDE) * d * h / w))
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.01, wspace=0.0, hspace=0.0))
    axes = figure.subplots(below, across, squeeze=False).ravel()
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    for ax, (e, rows) in zip(axes, shown, strict=False):
        ordered = rows[list(e.order)]
        ax.imshow(np.concatenate(list(ordered)), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        labels = [f"{e.tracked(j)}   {fixed(e.kl[j], 2)}".strip() for j in e.order]
        ax.set_yticks((np.arange(len(rows)) + 0.5) * rows.shape[1] - 0.5, labels, fontsize=4.5)
        ax.set_xticks([])
        ax.tick_params(length=0, pad=1)
        ax.spines[:].set_visible(False)
        ax.set_title(e.title)
    settle(figure)
    return figure


def strip(example: Example) -> NDArray[np.uint8] | None:
    """The last strip of a run as (D, height, width) or (D, height, width, 3), by dimension; None where it has none."""
    key, source = example.run.record.key, example.run.source
    if source is None:
        return None
    try:
        names = [name for name in source.manifest(key).files if STRIP.fullmatch(name)]
        if not names:
            return None
        picture = source.picture(key, max(names))
    except Damaged as error:  # the run stands as it is, without its picture, and that is said
        source.damaged[key] = str(error)
        return None
    d = len(example.order)
    if (len(picture) + 1) % d:
        return None
    # Between two rows lies a line of grey; one below the last makes them equal.
    closed = np.concatenate([picture, np.full_like(picture[:1], 128)])
    return closed.reshape(d, -1, *picture.shape[1:])
