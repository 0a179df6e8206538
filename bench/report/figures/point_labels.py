"""Where the labels of points go, so that they cover neither each other nor the points."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

Boxes = NDArray[np.float64]  # (M, 4): x0, y0, x1, y1 in pixels

NEAR = 5.5  # points between a marker's centre and a label that needs no line
DIRECTIONS = (45, 135, 315, 225, 0, 180, 90, 270, 22, 158, 338, 202)  # degrees, the preferred first
PLACES = [(r, a) for r in (NEAR, 10.0, 15.0, 21.0, 28.0) for a in DIRECTIONS]
MARKER, BAR, LABEL = 60.0, 3.0, 100.0  # how bad it is to cover a pixel of these
HALO = [withStroke(linewidth=1.5, foreground="white")]  # a text that must cross a bar stays legible
FURTHER = 0.02  # and to take the next place in the list, in the same measure


class Label(NamedTuple):
    """A text and the point it belongs to; bars: (x0, y0, x1, y1) of the point's error bars. All in data coordinates."""

    x: float
    y: float
    text: str
    colour: tuple[float, float, float]
    bars: tuple[tuple[float, float, float, float], ...] = ()


def place_labels(figure: Figure, axes: Axes, labels: Sequence[Label], size: float) -> None:
    """Write each text near its point, one after another, where it covers least; further off with a line to the point.

    Call it when limits and layout are final. A label without text is a point to keep clear of.
    """
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    px = figure.dpi / 72
    frame = np.asarray(axes.get_window_extent(renderer).extents)
    boxes, weights = _obstacles(axes, labels, px)
    for label in [one for one in labels if one.text]:
        note = axes.annotate(label.text, (label.x, label.y), (0, 0), textcoords="offset points", fontsize=size)
        note.set(ha="center", va="center", color=label.colour, in_layout=False, zorder=5, path_effects=HALO)
        extent = np.asarray(note.get_window_extent(renderer).extents)
        taken = [_taken(extent, r, a, px) for r, a in PLACES]
        costs = [_cost(t, boxes, weights, frame) + FURTHER * i * px**2 for i, t in enumerate(taken)]
        best = int(np.argmin(costs))
        r, degrees = PLACES[best]
        note.set_position(_offset(extent, r, degrees, px))
        if r > NEAR:
            edge = r * math.cos(math.radians(degrees)), r * math.sin(math.radians(degrees))
            line = {"arrowstyle": "-", "lw": 0.4, "color": label.colour}
            drawn = axes.annotate("", (label.x, label.y), edge, textcoords="offset points", arrowprops=line)
            drawn.set_in_layout(False)
        boxes = np.vstack([boxes, taken[best]])
        weights = np.append(weights, [LABEL] * len(taken[best]))


def _obstacles(axes: Axes, labels: Sequence[Label], px: float) -> tuple[Boxes, NDArray[np.float64]]:
    """Markers, 3 points to each side of their centre, and bars, 1 point to each side of their line."""
    points = [(label.x, label.y, label.x, label.y) for label in labels]
    bars = [bar for label in labels for bar in label.bars]
    corners = np.array(points + bars, dtype=np.float64).reshape(-1, 2)
    margin = np.array([3.0] * len(points) + [1.0] * len(bars))[:, None] * px
    boxes = axes.transData.transform(corners).reshape(-1, 4) + np.array([-1, -1, 1, 1]) * margin
    return boxes, np.array([MARKER] * len(points) + [BAR] * len(bars))


def _offset(extent: NDArray[np.float64], r: float, degrees: float, px: float) -> tuple[float, float]:
    """From a point to its label's centre, in points, if the label's nearest edge lies r points from it."""
    width, height = (extent[2:] - extent[:2]) / px
    return math.cos(math.radians(degrees)) * (r + width / 2), math.sin(math.radians(degrees)) * (r + height / 3)


def _taken(extent: NDArray[np.float64], r: float, degrees: float, px: float) -> Boxes:
    """The boxes that a label covers at a place: the text's own and, further off, a few along its line."""
    text = extent + np.array(_offset(extent, r, degrees, px) * 2) * px
    if r <= NEAR:
        return text[None]
    steps = np.linspace(NEAR, r, 8)[:, None]
    direction = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    middle = (extent[:2] + extent[2:]) / 2 + steps * direction * px
    return np.vstack([text, np.hstack([middle - px, middle + px])])


def _cost(taken: Boxes, boxes: Boxes, weights: NDArray[np.float64], frame: NDArray[np.float64]) -> float:
    shared = np.minimum(taken[:, None, 2:], boxes[None, :, 2:]) - np.maximum(taken[:, None, :2], boxes[None, :, :2])
    covered = np.prod(np.clip(shared, 0, None), axis=-1)
    # A line may cross markers and bars, but neither a text nor another line.
    covered[1:, weights < LABEL] = 0
    inside = bool(np.all(frame[:2] <= taken[0, :2]) and np.all(taken[0, 2:] <= frame[2:]))
    return float((covered * weights).sum()) + (0.0 if inside else 1e6)
