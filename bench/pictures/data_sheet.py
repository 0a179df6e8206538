"""A picture of a data set: each factor of one observation moved over its values, the others held."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.report.figures.style import PAGE, settle

COLUMNS = 10  # values of a factor at most that are shown, spread evenly, the first and the last among them
MAP = "viridis"


def traversed(dataset: FactorDataset) -> list[NDArray[np.int64]]:
    """For each factor rows that differ in it alone, one for each value shown, ascending.

    They pass through a row whose factors stand at different heights of their ranges, so that no two look alike, the
    first factor the highest; or, where there is no such row, through the first of the data set. A value that occurs
    with the others' in no row is left out, and so are rows of which a factor is not known, if there are others.
    Of a sample, in which hardly any rows differ in one factor alone, the rows come as near to that as there are.
    """
    known = (dataset.v >= 0).all(axis=1)
    whole = np.flatnonzero(known if known.any() else ~known)
    v = dataset.v[whole]
    heights = np.arange(2 * v.shape[1] - 1, 0, -2)  # over 2 K
    wanted = np.array(dataset.sizes) * heights // (2 * v.shape[1])
    apart = _apart(dataset, v, wanted).sum(axis=1)
    base = v[apart.argmin() if dataset.sampled or apart.min() == 0 else 0]
    apart = _apart(dataset, v, base)
    rows = []
    for k in range(v.shape[1]):
        others = np.delete(apart, k, axis=1).sum(axis=1)
        found = np.argsort(others, kind="stable") if dataset.sampled else np.flatnonzero(others == 0)
        values, first = np.unique(v[found, k], return_index=True)
        shown = np.unique(np.linspace(0, len(values) - 1, min(COLUMNS, len(values))).round().astype(np.int64))
        rows.append(whole[found[first[shown]]])
    return rows


def _apart(dataset: FactorDataset, v: NDArray[np.integer], at: NDArray[np.integer]) -> NDArray[np.float64]:
    """How far values v (n, K) are from those `at` (K,): 0 to 1, over the range of each factor; without order 0 or 1."""
    steps = np.abs(v.astype(np.int64) - at)
    spans = [
        1 if name in dataset.unordered else size - 1 for name, size in zip(dataset.names, dataset.sizes, strict=True)
    ]
    return np.asarray(np.minimum(steps / np.maximum(spans, 1), 1))


def sheet(dataset: FactorDataset) -> Figure:
    """A row for each factor with its name and the values' indices, or true values: images, or curves in one panel."""
    rows = traversed(dataset)
    pictures = dataset.kind == "image" or dataset.likelihood == "categorical"
    height = 0.7 if dataset.kind == "image" else 0.9
    figure = Figure(figsize=(PAGE, 0.1 + height * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), COLUMNS if pictures else 1, squeeze=False)
    for k, (line, index) in enumerate(zip(axes, rows, strict=True)):
        x = dataset.x(index)
        if pictures:
            numbers = dataset.numbers.get(dataset.names[k])
            values = dataset.v[index, k] if numbers is None else numbers[index]
            for ax, one, value in zip(line, x, values, strict=False):
                _image(ax, one)
                ax.set_title(f"{value:.3g}", pad=1)
            for ax in line[len(index) :]:
                ax.set_visible(False)
        else:
            for colour, one in zip(mpl.colormaps[MAP](np.linspace(0, 0.92, len(x))), x, strict=True):
                line[0].plot(np.atleast_2d(one).T, color=colour, linewidth=0.7)
        line[0].set_ylabel(dataset.names[k].replace("_", "\n"), rotation=0, ha="right", va="center")
        for ax in line:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
    settle(figure)
    return figure


def _image(ax: Axes, x: NDArray[np.float32]) -> None:
    """An image (C, H, W) of 1 or 3 channels; a sequence of symbols (C, L), its places from left to right."""
    colours = np.moveaxis(x, 0, -1) if x.ndim == 3 and len(x) == 3 else np.repeat(x.reshape(*x.shape[-2:], 1), 3, -1)
    ax.imshow(colours.clip(0, 1), interpolation="nearest", aspect="equal" if x.ndim == 3 else "auto")
