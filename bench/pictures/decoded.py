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
from bench.quantities import fixed
from bench.report.collect.examples import Example, examples
from bench.report.collect.findings import findings
from bench.report.collect.groups import Group, collect, groups
from bench.report.figures.catalogue import slugs
from bench.report.figures.style import PAGE, save, settle, styled
from bench.report.tables.captions import setup_text
from bench.scoring.evaluate import evaluation_rows, restored
from bench.store import atomic
from bench.store.files import Damaged
from bench.store.store import Store
from bench.training.batches import to_device
from bench.training.traversals import SPAN
from methods._base import Method

Images = NDArray[np.float32]  # (rows, columns, C, H, W) in [0, 1]; vectors and sequences have other last axes
COLUMNS = 11  # of a traversal
SHOWN = 12  # observations that are reconstructed

TRAVERSED = (
    "A row: one latent dimension moved from -2.5 to 2.5 prior standard deviations, the others at their posterior means "
    "for one observation, the same for all methods; rows by falling KL. Beside a row: the factor that it says most "
    "about with their mutual information in nats, if that and the KL are at least 0.1, then its KL in nats."
)
RECONSTRUCTED = (
    "First row: the first evaluation rows of this seed, by which no run was chosen. Below: what each method makes of "
    "them, the decoder's mean at the posterior's mean."
)


def draw(store: Store, out: Path, device: str = "cpu") -> list[Path]:
    """Write the two figures of each group into out/figures, each with its caption; the files written.

    Images as images, other observations as curves. All take their places at once; other files there are left.
    BenchError where a group has no run with weights. Runs whose weights cannot be trusted are noted in the store.
    """
    summed = groups(collect({"results": store}))
    with atomic.replacing_folder(out) as new:
        (new / "figures").mkdir()
        paths = _draw(store, summed, new / "figures", device)
    return [out / path.relative_to(new) for path in paths]


def _draw(store: Store, summed: Sequence[Group], figures: Path, device: str) -> list[Path]:
    paths = []
    for slug, group in zip(slugs(summed), summed, strict=True):
        dataset = load_dataset(group.spec.dataset)
        shown = [(e, m) for e in examples(findings(group)) if (m := _method(store, e, device)) is not None]
        if not shown:
            raise BenchError(f"pictures: no run of {group.spec.dataset.name} has weights in {store.root}")
        first = shown[0][0].run.record.spec
        x = dataset.x(evaluation_rows(first, dataset, 0)[:SHOWN])
        told = ", ".join(f"{e.title} (run {e.run.record.key})" for e, _ in shown)
        with styled():
            for name, (figure, head, caption) in _made(shown, x, dataset, device).items():
                stem = figures / f"{slug}_{name}"
                paths += save(figure, stem)
                text = f"{head}, seed {first.seed}: {told}. {caption} {setup_text(group)}\n"
                stem.with_name(f"{stem.name}.txt").write_text(text, encoding="utf-8", newline="\n")
                paths.append(stem.with_name(f"{stem.name}.txt"))
    return paths


def _made(
    shown: list[tuple[Example, Method]], x: Images, dataset: FactorDataset, device: str
) -> dict[str, tuple[Figure, str, str]]:
    """Both figures by name, each with the head and the rest of its caption."""
    drawn = partial(_drawn, dataset)
    moved = [(e, drawn(_traversed(e, method, x[:1], device))) for e, method in shown]
    again = [(e.title, drawn(_reconstructed(method, x, device))) for e, method in shown]
    heads = "Latent traversals", "Reconstructions"
    if drawn(x).ndim == 4:
        figures, captions = (_traversals(moved), _reconstructions(again, drawn(x))), (TRAVERSED, RECONSTRUCTED)
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
        return restored(spec, store.weights(spec.key), load_dataset(spec.dataset), device)
    except Damaged as error:
        store.damaged[spec.key] = str(error)
        return None


@torch.no_grad()
def _traversed(e: Example, method: Method, x: Images, device: str) -> Images:
    """The decoder's means for the observation x (1, ...), a row a latent in the example's order; (D, COLUMNS, ...)."""
    backbone = method.backbone
    mu, _ = backbone.encode(to_device(x, torch.device(device)))
    z = mu.repeat(len(e.order), COLUMNS, 1)  # (D, COLUMNS, D)
    for i, j in enumerate(e.order):
        z[i, :, j] = torch.linspace(-SPAN, SPAN, COLUMNS, device=mu.device)
    decoded: Images = backbone.likelihood.mean(backbone.decode(z.flatten(0, 1))).cpu().numpy()
    return decoded.reshape(len(e.order), COLUMNS, *x.shape[1:])


@torch.no_grad()
def _reconstructed(method: Method, x: Images, device: str) -> Images:
    mu, _ = method.backbone.encode(to_device(x, torch.device(device)))
    decoded: Images = method.backbone.likelihood.mean(method.backbone.decode(mu)).cpu().numpy()
    return decoded


def _traversals(shown: list[tuple[Example, Images]]) -> Figure:
    beside, d, (h, w) = 0.68, max(len(e.order) for e, _ in shown), shown[0][1].shape[-2:]
    per_row = min(len(shown), 2)  # two methods side by side are as large as a page's width allows
    rows = -(-len(shown) // per_row)
    width = PAGE / per_row
    figure = Figure(figsize=(PAGE, rows * (0.3 + (width - beside) * d * h / (COLUMNS * w))), layout="constrained")
    axes = figure.subplots(rows, per_row, squeeze=False).ravel()
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    for ax, (e, decoded) in zip(axes, shown, strict=False):
        _show(ax, decoded)
        labels = [f"{e.tracked(j)}   {fixed(e.kl[j], 2)}".strip() for j in e.order]
        ax.set_yticks((np.arange(len(labels)) + 0.5) * (h + 1) - 1, labels, fontsize=5)
        ax.set_title(e.title)
    settle(figure)
    return figure


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
    """A grid of images with a line of grey between them; one channel is drawn in greys."""
    rows, columns, c, h, w = grid.shape
    canvas = np.full((rows * (h + 1) - 1, columns * (w + 1) - 1, c), 0.5, np.float32)
    for i, j in np.ndindex(rows, columns):
        canvas[i * (h + 1) : i * (h + 1) + h, j * (w + 1) : j * (w + 1) + w] = np.moveaxis(grid[i, j], 0, 2)
    shown = canvas.clip(0, 1)
    ax.imshow(shown[:, :, 0] if c == 1 else shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_xticks([])
    ax.tick_params(length=0, pad=1)
    ax.spines[:].set_visible(False)
