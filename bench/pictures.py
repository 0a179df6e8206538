"""Traversals and reconstructions decoded from the weights of the runs that stand for their methods in a report."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.build import load_dataset
from bench.errors import BenchError
from bench.images import SPAN
from bench.report.aggregate import collect, groups
from bench.report.caption import setup_text
from bench.report.examples import Example, examples
from bench.report.figures import slugs
from bench.report.findings import findings
from bench.report.style import PAGE, save, settle, styled
from bench.store import Damaged, Store
from bench.train import to_device
from bench.trial import evaluation_rows, restored
from methods._base import Method

Images = NDArray[np.float32]  # (rows, columns, C, H, W) in [0, 1]
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

    BenchError where a group has no run with weights, or its observations are no images.
    """
    summed = groups(collect({"results": store}))
    paths = []
    (out / "figures").mkdir(parents=True, exist_ok=True)
    for slug, group in zip(slugs(summed), summed, strict=True):
        dataset = load_dataset(group.spec.dataset)
        if dataset.kind != "image":
            raise BenchError(f"pictures: the observations of {group.spec.dataset.name} are no images")
        shown = [(e, m) for e in examples(findings(group)) if (m := _method(store, e, device)) is not None]
        if not shown:
            raise BenchError(f"pictures: no run of {group.spec.dataset.name} has weights in {store.root}")
        first = shown[0][0].run.record.spec
        x = dataset.x(evaluation_rows(first, dataset, 0)[:SHOWN])
        told = ", ".join(f"{e.title} (run {e.run.record.key})" for e, _ in shown)
        with styled():
            made = {
                "traversals_decoded": (_traversals(shown, x[:1], device), "Latent traversals", TRAVERSED),
                "reconstructions": (_reconstructions(shown, x, device), "Reconstructions", RECONSTRUCTED),
            }
            for name, (figure, head, caption) in made.items():
                stem = out / "figures" / f"{slug}_{name}"
                paths += save(figure, stem)
                text = f"{head}, seed {first.seed}: {told}. {caption} {setup_text(group)}\n"
                stem.with_name(f"{stem.name}.txt").write_text(text, encoding="utf-8", newline="\n")
                paths.append(stem.with_name(f"{stem.name}.txt"))
    return paths


def _method(store: Store, example: Example, device: str) -> Method | None:
    spec = example.run.record.spec
    try:
        return restored(spec, store.weights(spec.key), load_dataset(spec.dataset), device)
    except Damaged:
        return None


@torch.no_grad()
def _traversals(shown: list[tuple[Example, Method]], x: Images, device: str) -> Figure:
    beside, d, (h, w) = 0.68, max(len(e.order) for e, _ in shown), x.shape[-2:]
    per_row = min(len(shown), 2)  # two methods side by side are as large as a page's width allows
    rows = -(-len(shown) // per_row)
    width = PAGE / per_row
    figure = Figure(figsize=(PAGE, rows * (0.3 + (width - beside) * d * h / (COLUMNS * w))), layout="constrained")
    axes = figure.subplots(rows, per_row, squeeze=False).ravel()
    for ax in axes[len(shown) :]:
        ax.set_visible(False)
    for ax, (e, method) in zip(axes, shown, strict=False):
        backbone = method.backbone
        mu, _ = backbone.encode(to_device(x, torch.device(device)))
        z = mu.repeat(len(e.order), COLUMNS, 1)  # (D, COLUMNS, D)
        for i, j in enumerate(e.order):
            z[i, :, j] = torch.linspace(-SPAN, SPAN, COLUMNS, device=mu.device)
        decoded = backbone.likelihood.mean(backbone.decode(z.flatten(0, 1)))
        _show(ax, decoded.reshape(len(e.order), COLUMNS, *x.shape[1:]).cpu().numpy())
        labels = [f"{e.tracked(j)}   {e.kl[j]:.2f}".strip() for j in e.order]
        ax.set_yticks((np.arange(len(labels)) + 0.5) * (h + 1) - 1, labels, fontsize=5)
        ax.set_title(e.title)
    settle(figure)
    return figure


@torch.no_grad()
def _reconstructions(shown: list[tuple[Example, Method]], x: Images, device: str) -> Figure:
    rows = [x]
    for _, method in shown:
        mu, _ = method.backbone.encode(to_device(x, torch.device(device)))
        rows.append(method.backbone.likelihood.mean(method.backbone.decode(mu)).cpu().numpy())
    h, w = x.shape[-2:]
    height = (PAGE - 1.2) * len(rows) * h / (len(x) * w)
    figure = Figure(figsize=(PAGE, 0.15 + height), layout="constrained")
    ax = figure.add_subplot()
    _show(ax, np.stack(rows))
    labels = ["observation", *(e.title for e, _ in shown)]
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
