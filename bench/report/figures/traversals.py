"""Latent traversals of several methods side by side, from the strips that runs keep."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.quantities import fixed
from bench.report.collect.examples import KNOWN, Example
from bench.report.figures.style import PAGE, STYLE
from bench.store.files import Damaged

Rows = NDArray[np.uint8]  # (D, height, width) or (D, height, width, 3): a row of frames a dimension, a line below it
STRIP = re.compile(r"traversals/step(\d+)\.png")
STEPS, SPAN = 9, 2.5  # frames of a strip, from -SPAN to SPAN prior standard deviations
FRAMES = ((0, 2, 4, 6, 8), (0, 4, 8))  # of them, those that are shown: the first where two methods fit side by side
LARGE = 64  # pixels: a frame higher than that is shown as it is, any other twice as large
DPI = int(STYLE["savefig.dpi"])
TEXT, TITLE = 5.5, 7.0  # points
LETTER = 0.62 * TEXT / 72  # inches
HEAD, FOOT, GAP = 0.34, 0.14, 0.08  # inches above and below the rows, and between two methods


class Block(NamedTuple):
    """What stands for one method: its frames as one picture, its rows' labels, and how many rows are left out."""

    title: str
    picture: Rows
    tracked: list[str]
    kl: list[str]
    hidden: int


def traversal_figure(examples: Sequence[Example]) -> Figure | None:
    """Each method's last strip; None where no run keeps one."""
    shown = [(e, rows) for e in examples if (rows := strip(e)) is not None]
    return strips_figure(shown) if shown else None


def strips_figure(shown: Sequence[tuple[Example, Rows]]) -> Figure:
    """A row for each latent dimension of at least `KNOWN` nats, by KL, the factor that it tracks beside it.

    rows (D, h, w): each dimension's frames, in the order of their numbers. Each pixel of a frame is a whole number of
    pixels of the figure.
    """
    height = shown[0][1].shape[1]
    scale = 2 if height <= LARGE + 1 else 1
    for frames in FRAMES:
        blocks = [_block(e, rows, frames) for e, rows in shown]
        beside = LETTER * max(len(text) for b in blocks for text in (*b.tracked, "factor"))
        frame = scale * max(b.picture.shape[1] for b in blocks) / DPI + 5 * LETTER
        width = max(beside + frame, *(0.52 * TITLE / 72 * len(b.title) for b in blocks)) + GAP
        across = max(int((PAGE + GAP) / width), 1)
        if across > 1:
            break
    ends = [0.0] * min(across, len(blocks))  # of the columns: each method goes into the one that is shortest
    corners = []
    for block in blocks:
        column = ends.index(min(ends))
        corners.append((column * width + beside, ends[column] + HEAD))
        ends[column] += HEAD + scale * len(block.picture) / DPI + FOOT
    # A figure of whole pixels: a fraction of one would shift frames by half a pixel, and blur them.
    figure = Figure(figsize=(math.ceil(DPI * len(ends) * width) / DPI, math.ceil(DPI * max(ends)) / DPI))
    for block, corner in zip(blocks, corners, strict=True):
        _draw_block(figure, block, corner, scale, frames, height)
        left, top = corner[0] - beside + LETTER, corner[1] - 13 / 72
        figure.text(left / figure.get_figwidth(), 1 - top / figure.get_figheight(), block.title, fontsize=TITLE)
    return figure


def _block(e: Example, rows: Rows, frames: Sequence[int]) -> Block:
    kept = [j for j in e.order if e.kl[j] >= KNOWN] or list(e.order[:1])
    wide = (rows.shape[2] + 1) // STEPS
    cut = [rows[:, :, k * wide : (k + 1) * wide] for k in frames] if (rows.shape[2] + 1) % STEPS == 0 else [rows]
    picture = np.concatenate(list(np.concatenate(cut, axis=2)[kept]))
    return Block(
        e.title, picture, [e.tracked(j) for j in kept], [fixed(e.kl[j], 2) for j in kept], len(e.order) - len(kept)
    )


def _draw_block(
    figure: Figure, block: Block, corner: tuple[float, float], scale: int, frames: Sequence[int], height: int
) -> None:
    """Values of the latent above the frames, rows with labels; corner: the picture's upper left, in inches."""
    wide, high = figure.get_size_inches() * DPI
    left, top = round(corner[0] * DPI), round(corner[1] * DPI)
    across, down = scale * block.picture.shape[1], scale * len(block.picture)
    ax = figure.add_axes((left / wide, 1 - (top + down) / high, across / wide, down / high))
    ax.imshow(block.picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
    ax.set_axis_off()
    head = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": TEXT, "color": "0.35"}
    values = np.linspace(-SPAN, SPAN, STEPS)[list(frames)]
    for k, value in enumerate(values):
        text = f"{value:g}".replace("-", "−")
        ax.annotate(text, ((k + 0.5) / len(values), 1), (0, 2.5), ha="center", **head)  # type: ignore[arg-type]
    ax.annotate("factor", (0, 1), (-2, 2.5), ha="right", **head)  # type: ignore[arg-type]
    ax.annotate("KL", (1, 1), (2, 2.5), ha="left", **head)  # type: ignore[arg-type]
    if block.hidden:
        text = f"and {block.hidden} below {KNOWN} nats"
        ax.annotate(text, (0, 0), (0, -2), va="top", **head)  # type: ignore[arg-type]
    for r, (tracked, kl) in enumerate(zip(block.tracked, block.kl, strict=True)):
        middle = 1 - (r + 0.5) * height / len(block.picture)
        for x, text, side in ((0, tracked, "right"), (1, kl, "left")):
            told = head | {"color": "0.1"}
            ax.annotate(text, (x, middle), (-2 if x == 0 else 2, 0), ha=side, va="center", **told)  # type: ignore[arg-type]


def strip(example: Example) -> Rows | None:
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
