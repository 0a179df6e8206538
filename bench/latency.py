"""How fast a trained backbone encodes."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from bench.data._base import FactorDataset
from bench.train import to_device
from methods._base import Backbone

ONE, MANY = 1, 256  # observations at once: an answer as it is asked for, and a table of codes
FEWEST, REPEATS, ENOUGH = 3, 15, 0.08  # timings of each at least, at most; seconds after which a fourth does not begin


def encoding_speed(backbone: Backbone, dataset: FactorDataset, device: torch.device) -> dict[str, float | str]:
    """Milliseconds to encode one observation alone, and observations a second, 256 at once; medians.

    A backbone that cannot encode so many at once lacks the figure, and `encode_error` says why: it is trained and
    scored all the same.

    On the run's device, with its threads, beside whatever else that machine does: compare runs that were made alone.
    The observations, the first to score (from the beginning again where there are fewer), lie on the device already.
    The backbone should be in the mode for evaluation.
    """
    x = to_device(dataset.x(np.resize(dataset.to_score[:MANY], MANY)), device)
    found: dict[str, float | str] = {}
    figures: dict[str, tuple[int, Callable[[float], float]]] = {
        "encode_ms_batch1": (ONE, lambda seconds: 1e3 * seconds),
        "encode_per_second_batch256": (MANY, lambda seconds: MANY / seconds),
    }
    for name, (size, figure) in figures.items():
        try:
            found[name] = figure(_seconds(backbone, x[:size]))
        except Exception as error:  # whatever a third party's backbone raises
            found["encode_error"] = " ".join(f"{type(error).__name__}: {error}".split())
    return found


@torch.no_grad()
def _seconds(backbone: Backbone, x: torch.Tensor) -> float:
    """The median of encodings of x, each until its mu is in the computer's memory, after one that warms up.

    Of FEWEST where these take longer than ENOUGH: a run should not wait for a figure of its own speed.
    """
    taken: list[float] = []
    backbone.encode(x)[0].cpu()
    while len(taken) < FEWEST or (len(taken) < REPEATS and sum(taken) < ENOUGH):
        start = time.perf_counter()
        backbone.encode(x)[0].cpu()  # on an accelerator the copy waits for the result
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)
