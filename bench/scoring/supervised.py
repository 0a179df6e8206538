"""The encoder of a backbone trained on the factors: what it could give of them, were it told them.

It uses every label, so that it is no competitor of a method and never ranked among them; it stands beside them as a
ceiling of the encoder at the budget of the study, which is another thing than the ceiling of a metric.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data._base import FactorDataset
from bench.errors import BenchError
from bench.seeds import word
from bench.spec import Record, RunSpec
from bench.training.batches import Batches
from bench.training.build import build
from bench.training.encode import encode
from bench.training.loop import History, Watch, train
from bench.training.outcome import outcome
from bench.training.probes import log_every
from bench.training.process_memory import forget_peak, peak_memory_mb
from methods._base import Backbone, Method, Player

Rows = NDArray[np.int64]


class Supervised(Method):
    """1/2 sum_k (mu_k(x) - y_k)^2: -log N(y; mu(x), I) in nats per observation, without its constant.

    Dimension k of the code learns factor k; of logvar and of the dimensions beyond the factors nothing is asked, nor
    where a factor is not known. Values without an order are learnt by their index, continuous ones as they are.
    y: (N, K) the factors of all observations, nan where not known. rows: the observations of an update's batch.
    """

    def __init__(self, backbone: Backbone, y: Tensor, rows: Callable[[int], Rows]) -> None:
        super().__init__(backbone)
        self.players = [Player("loss", backbone.encoder)]
        self.definitions = {"labels": "the factors of every observation seen"}
        self.y, self.rows = y, rows

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The regression on the batch x of update `step`; the term loss."""
        y = self.y[torch.from_numpy(self.rows(step)).to(self.y.device)]
        mu = self.backbone.encode(x)[0][:, : y.shape[1]]
        y = torch.where(y.isfinite(), y, mu.detach())  # a factor that is not known adds nothing
        return {"loss": 0.5 * (mu - y).square().sum(dim=1).mean()}


class SupervisedResult(NamedTuple):
    """What came of a training on labels. codes: (N, K) of all observations; None where it diverged.

    y: (N, K) what they should be; nan where that is not known.
    """

    record: Record
    history: History
    codes: NDArray[np.float32] | None
    y: NDArray[np.float32]


def train_supervised(spec: RunSpec, dataset: FactorDataset, device: str, watch: Watch) -> SupervisedResult:
    """Train on the factors with the initial weights, batches, updates and learning rate of a run of this spec's seed.

    Clipped as the run is; not warmed up, as no term but the labels' is there to be held back.
    BenchError where there are fewer latent dimensions than factors.
    """
    if reason := too_few(spec, len(dataset.names)):
        raise BenchError(reason)
    where, forgotten, y = torch.device(device), forget_peak(), targets(dataset)
    backbone = build(msgspec.structs.replace(spec, method="vae", params={}), dataset.shape).backbone.to(device)
    batches = Batches(dataset, spec, 1, where)
    method = Supervised(backbone, torch.from_numpy(y).to(where), batches.index)
    start = time.perf_counter()
    plain = msgspec.structs.replace(spec, warmup=0)
    rng = torch.Generator(where).manual_seed(word(spec.seed, "noise"))
    training = train(method, batches, plain, rng, log_every(spec), watch=watch)
    updates = training.history[-1]["step"]
    cost: dict[str, float | str] = {
        "updates": updates,
        "images_seen": updates * spec.batch_size,
        "parameters": float(sum(w.numel() for w in backbone.encoder.parameters())),
        "seconds_training": watch.earlier + time.perf_counter() - start,
        "peak_memory_mb": peak_memory_mb(forgotten),
    }
    cost |= {"resumed_at": watch.resumed} if watch.resumed else {}
    record = msgspec.structs.replace(outcome(spec, method, training), cost=cost)
    codes = None
    if record.status == "done":
        method.eval()
        codes = encode(backbone, dataset, np.arange(len(dataset)), where).mu[:, : y.shape[1]]
    # Of a gradient norm a report makes a column that methods share: that of another objective has no place in it.
    history = [{name: row[name] for name in ("step", "loss")} for row in training.history]
    return SupervisedResult(record, history, codes, y)


def too_few(spec: RunSpec, factors: int) -> str:
    """Why a spec has no factors to be trained on, or no room for a dimension of each; empty where it can be."""
    if not factors:
        return f"supervised: {spec.dataset.label} has no factors"
    if spec.z_dim >= factors:
        return ""
    return f"z_dim={spec.z_dim}: supervised wants a dimension for each of the {factors} factors of {spec.dataset.label}"


def targets(dataset: FactorDataset) -> NDArray[np.float32]:
    """Factors, (N, K), each of mean 0 and variance 1 over the observations; nan where not known.

    One of a single value stays 0.
    """
    numbers = dataset.numbers_at(np.arange(len(dataset)))
    v = np.ma.masked_where(dataset.v < 0, dataset.v if numbers is None else numbers)
    y = v - v.mean(axis=0)
    sd = y.std(axis=0).filled(0)
    return np.asarray((y / np.where(sd > 0, sd, 1)).astype(np.float32).filled(np.nan))


def explained(codes: NDArray[np.float32], y: NDArray[np.float32]) -> list[float]:
    """Share of each factor's variance that its dimension explains, over the rows of codes and y (N, K) where known.

    0 for a factor that does not vary.
    """
    known = np.ma.masked_invalid(y.astype(np.float64))
    error, variance = np.square(codes - known).mean(axis=0), known.var(axis=0)
    return [0.0 if not v > 0 else 1 - float(e / v) for e, v in zip(error, variance, strict=True)]
