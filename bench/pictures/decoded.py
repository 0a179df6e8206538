"""Traversals and reconstructions decoded from the weights of the runs that stand for their methods in a report."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.datasets import load_dataset
from bench.errors import BenchError
from bench.pictures import curves
from bench.report.collect.examples import Example, examples
from bench.report.collect.findings import findings
from bench.report.collect.groups import Group, collect, groups
from bench.report.figures.catalogue import slugs
from bench.report.figures.style import PAGE, save, settle, styled
from bench.report.figures.traversals import SPAN, STEPS, strips_figure
from bench.report.tables.captions import setup_text
from bench.report.tables.text import md_text
from bench.report.words.figures import TRAVERSALS
from bench.scoring.evaluate import evaluation_rows, restored
from bench.store import atomic
from bench.store.files import Damaged
from bench.store.store import Store
from bench.training.batches import to_device
from methods._base import Method

Images = NDArray[np.float32]  # (rows, columns, C, H, W) in [0, 1]; vectors and sequences have other last axes
SHOWN = 12  # observations that are reconstructed

RECONSTRUCTED = (
    "First row: the first evaluation rows of this seed, by which no run was chosen. Below: what each method makes of "
    "them, the decoder's mean at the posterior's mean."
)


def draw(store: Store, out: Path, device: str = "cpu") -> list[Path]:
    """Write the two figures of each group into out/figures, and out/pictures.md with their captions; the files written.

    Images as images, other observations as curves. All take their places at once; other files there are left.
    BenchError where a group has no run with weights. Runs whose weights cannot be trusted are noted in the store.
    """
    summed = groups(collect({"results": store}))
    with atomic.replacing_folder(out) as new:
        (new / "figures").mkdir()
        paths = _draw(store, summed, new, device)
    return [out / path.relative_to(new) for path in paths]


def _draw(store: Store, summed: Sequence[Group], out: Path, device: str) -> list[Path]:
    paths, told = [], ["# Pictures from weights"]
    for slug, group in zip(slugs(summed), summed, strict=True):
        dataset = load_dataset(group.spec.dataset)
        shown = [(e, m) for e in examples(findings(group)) if (m := _method(store, e, device)) is not None]
        if not shown:
            raise BenchError(f"pictures: no run of {group.spec.dataset.name} has weights in {store.root}")
        first = shown[0][0].run.record.spec
        x = dataset.x(evaluation_rows(first, dataset, 0)[:SHOWN])
        named = ", ".join(f"{e.title} (run {e.run.record.key})" for e, _ in shown)
        with styled():
            for name, (figure, head, caption) in _made(shown, x, dataset, device).items():
                stem = f"figures/{slug}_{name}"
                text = f"{head}, seed {first.seed}: {named}. {caption} {setup_text(group)}"
                paths += save(figure, out / stem, text)
                told.append(f"![{md_text(head)}]({stem}.png)\n\n*Figure.* {md_text(text)}")
    (out / "pictures.md").write_text("\n\n".join(told) + "\n", encoding="utf-8", newline="\n")
    return [*paths, out / "pictures.md"]


def _made(
    shown: list[tuple[Example, Method]], x: Images, dataset: FactorDataset, device: str
) -> dict[str, tuple[Figure, str, str]]:
    """Both figures by name, each with the head and the rest of its caption."""
    drawn = partial(_drawn, dataset)
    moved = [(e, drawn(_traversed(e, method, x[:1], device))) for e, method in shown]
    again = [(e.title, drawn(_reconstructed(method, x, device))) for e, method in shown]
    heads = "Latent traversals", "Reconstructions"
    if drawn(x).ndim == 4:
        figures, captions = (_traversals(moved), _reconstructions(again, drawn(x))), (TRAVERSALS, RECONSTRUCTED)
    else:
        figures = curves.traversals(moved), curves.reconstructions(again, x)
        captions = curves.TRAVERSED, curves.RECONSTRUCTED
    names = "traversals_decoded", "reconstructions"
    return dict(zip(names, zip(figures, heads, captions, strict=True), strict=True))


def _drawn(dataset: FactorDataset, x: Images) -> Images:
    """Sequences of symbols as images: the symbols from top to bottom, the places from left to right."""
    return x[..., None, :, :] if dataset.likelihood == "categorical" else x


def _method(store: Store, example: Example, device: str) -> Method | None:
    spec = example.run.record.spec
    try:
        return restored(spec, store.weights(spec.key), load_dataset(spec.dataset).shape, device)
    except Damaged as error:
        store.damaged[spec.key] = str(error)
        return None


@torch.no_grad()
def _traversed(e: Example, method: Method, x: Images, device: str) -> Images:
    """The decoder's means for the observation x (1, ...), a row a latent in the example's order; (D, STEPS, ...)."""
    backbone = method.backbone
    mu, _ = backbone.encode(to_device(x, torch.device(device)))
    z = mu.repeat(len(e.order), STEPS, 1)  # (D, STEPS, D)
    for i, j in enumerate(e.order):
        z[i, :, j] = torch.linspace(-SPAN, SPAN, STEPS, device=mu.device)
    decoded: Images = backbone.likelihood.mean(backbone.decode(z.flatten(0, 1))).cpu().numpy()
    return decoded.reshape(len(e.order), STEPS, *x.shape[1:])


@torch.no_grad()
def _reconstructed(method: Method, x: Images, device: str) -> Images:
    mu, _ = method.backbone.encode(to_device(x, torch.device(device)))
    decoded: Images = method.backbone.likelihood.mean(method.backbone.decode(mu)).cpu().numpy()
    return decoded


def _traversals(shown: list[tuple[Example, Images]]) -> Figure:
    """Each method's frames as the strips that runs keep: a row for each dimension, in the order of their numbers."""
    strips = []
    for e, decoded in shown:
        grids = [_grid(row[None]) for row in decoded]
        by_number = [grids[e.order.index(j)] for j in range(len(grids))]
        closed = [np.concatenate([grid, np.full_like(grid[:1], 0.5)]) for grid in by_number]
        strips.append((e, (np.stack(closed) * 255).round().astype(np.uint8)))
    return strips_figure(strips)


def _reconstructions(shown: list[tuple[str, Images]], x: Images) -> Figure:
    rows = [x, *(decoded for _, decoded in shown)]
    h, w = x.shape[-2:]
    height = (PAGE - 1.2) * len(rows) * h / (len(x) * w)
    figure = Figure(figsize=(PAGE, 0.15 + height), layout="constrained")
    ax = figure.add_subplot()
    _show(ax, np.stack(rows))
    labels = ["observation", *(title for title, _ in shown)]
    ax.set_yticks((np.arange(len(rows)) + 0.5) * (h + 1) - 1, labels)
    settle(figure)
    return figure


def _show(ax: Any, grid: Images) -> None:
    """A grid of images; one channel is drawn in greys."""
    ax.imshow(_grid(grid), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_xticks([])
    ax.tick_params(length=0, pad=1)
    ax.spines[:].set_visible(False)


def _grid(images: Images) -> NDArray[np.float32]:
    """Images (rows, columns, C, H, W) as one picture in [0, 1] with a line of grey between them, without C = 1."""
    rows, columns, c, h, w = images.shape
    canvas = np.full((rows * (h + 1) - 1, columns * (w + 1) - 1, c), 0.5, np.float32)
    for i, j in np.ndindex(rows, columns):
        canvas[i * (h + 1) : i * (h + 1) + h, j * (w + 1) : j * (w + 1) + w] = np.moveaxis(images[i, j], 0, 2)
    shown = canvas.clip(0, 1)
    return shown[:, :, 0] if c == 1 else shown
