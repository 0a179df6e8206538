"""What is read off a training in its midst; it leaves the training as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.spec import RunSpec
from bench.training.batches import to_device
from bench.training.encode import encode, recon_at_mu
from bench.training.traversals import traversal
from methods._base import Method
from metrics._gaussian import active_units, kl_per_dimension

Rows = NDArray[np.integer]

ROWS_IN_HISTORY, TRAVERSALS = 40, 4  # of a run, whatever its length
PROBE_ROWS = 1_000  # evaluation rows by which each row of a history tells how far the training is
DECODED = 100  # of them: decoding a row takes longer than encoding three


def log_every(spec: RunSpec) -> int:
    """Updates between two rows of a run's history; its last update has a row too."""
    return max(1, spec.steps // ROWS_IN_HISTORY)


def before(spec: RunSpec, step: int) -> int:
    """The update of the history's row before the one of update `step`; 0 for none."""
    every = log_every(spec)
    return (step - 1) // every * every


@contextmanager
def undisturbed(method: Method) -> Iterator[None]:
    """Within it the method evaluates; then each module's mode and the count of clamp hits are put back."""
    modes, hits = [(module, module.training) for module in method.modules()], method.backbone.clamp_hits.clone()
    method.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        method.backbone.clamp_hits.copy_(hits)


def probe(method: Method, dataset: FactorDataset, rows: Rows, device: torch.device) -> dict[str, float]:
    """Over these rows the KL of each dimension in nats and the number of active units; -log p(x|z = mu) over DECODED.

    Named `probe_kl_0` and so on, `probe_active_units`, `probe_recon`: they are of fewer rows than the final
    diagnostics of like names. Takes no random numbers.
    """
    with undisturbed(method):
        posterior = encode(method.backbone, dataset, rows, device)
        recon = recon_at_mu(method.backbone, dataset, posterior.rows(slice(DECODED)), device)
    kl_j = kl_per_dimension(posterior.mu, posterior.logvar)
    return {
        "probe_recon": recon,
        "probe_active_units": float(active_units(posterior.mu).sum()),
        **{f"probe_kl_{j}": float(nats) for j, nats in enumerate(kl_j)},
    }


def traversal_rows(
    method: Method, dataset: FactorDataset, spec: RunSpec, rows: Rows, device: torch.device, images: dict[str, bytes]
) -> Callable[[int], None]:
    """Adds the traversal rows of the first of these rows to `images` a few times in a training; on images alone.

    At the first row of the history from each quarter of the training on.
    """
    steps = [spec.steps * i // TRAVERSALS for i in range(1, TRAVERSALS + 1)]
    x = to_device(dataset.x(rows[:1]), device)

    def draw(step: int) -> None:
        if dataset.kind == "image" and any(before(spec, step) < s <= step for s in steps):
            with undisturbed(method):
                images[f"traversals/step{step:07d}.png"] = traversal(method.backbone, x)

    return draw
