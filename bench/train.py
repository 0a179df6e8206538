"""The training loop, the same for every method."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data._base import FactorDataset
from bench.seeds import stream
from bench.spec import RunSpec
from methods._base import Method, Player

BLOCK = 256  # updates whose batches are drawn at once
TABLE_BYTES = 2**32  # of observations at most that are put on a device: there may be several runs on it
PIECE = 2**26  # bytes sent at once

History = list[dict[str, float]]


@dataclass
class Training:
    """What a training leaves behind, beside the weights.

    history: a row every so many updates, with the mean of each term since the last row and each player's gradient
        norm at that update, and whatever `on_log` adds to it. last: the last row without that.
    diverged_at: the first update with a loss that is not finite.
    """

    history: History
    last: dict[str, float]
    diverged_at: int | None = None


class Batches:
    """The observations of each update: a function of (seed, update), the same for every method and device."""

    def __init__(self, dataset: FactorDataset, spec: RunSpec, draws: int, device: torch.device) -> None:
        self.dataset, self.device = dataset, device
        self.seed, self.size, self.names = spec.seed, spec.batch_size, batch_names(draws)
        self.block, self.rows = -1, np.empty(0, np.int64)
        self.table = None if device.type == "cpu" else Table.of(dataset, device)
        self.sent, self.ahead = -1, torch.empty(0)

    def index(self, step: int) -> NDArray[np.int64]:
        """Rows of update `step`, (draws * batch_size,): the ELBO's batch first."""
        block, i = divmod(step, BLOCK)
        if block != self.block:
            size = (BLOCK, self.size)
            draws = [self.dataset.drawn(stream(self.seed, name, block), size) for name in self.names]
            self.block, self.rows = block, np.concatenate(draws, axis=1)
        rows: NDArray[np.int64] = self.rows[i]
        return rows

    def __call__(self, step: int) -> Tensor:
        """x of update `step`, (draws * batch_size, *x_shape)."""
        rows = self.index(step)
        if self.table is None:
            return to_device(self.dataset.x(rows), self.device)
        if self.block != self.sent:  # a block of draws at once: no update waits for its own
            self.sent, self.ahead = self.block, torch.from_numpy(self.rows).to(self.device, non_blocking=True)
        return self.table.x(self.ahead[step % BLOCK])


def batch_names(draws: int) -> list[str]:
    """The stream of each of an update's batches."""
    return ["batches", "second batches", *(f"batches {i}" for i in range(3, draws + 1))][:draws]


class Table:
    """A data set's observations on a device, as they are stored (bits stay packed): no batch crosses the bus.

    Gives the same numbers as the data set. No GPU has run this yet; on the processor it is tested against the data set.
    """

    @classmethod
    def of(cls, dataset: FactorDataset, device: torch.device) -> "Table | None":
        """The table; None where observations are put together as they are asked for, or are more than TABLE_BYTES."""
        rows = dataset.observations
        return cls(dataset, device) if isinstance(rows, np.ndarray) and rows.nbytes <= TABLE_BYTES else None

    def __init__(self, dataset: FactorDataset, device: torch.device) -> None:
        rows = dataset.observations
        assert isinstance(rows, np.ndarray)
        self.rows = torch.empty(rows.shape, dtype=torch.from_numpy(np.empty(0, rows.dtype)).dtype, device=device)
        step = max(1, PIECE * len(rows) // max(rows.nbytes, 1))  # in pieces: no second copy of all of them on the host
        for start in range(0, len(rows), step):
            self.rows[start : start + step] = torch.from_numpy(np.array(rows[start : start + step]))
        self.shape, self.packed = dataset.shape, dataset.packed
        self.bits = torch.arange(7, -1, -1, dtype=torch.uint8, device=device)
        self.top = torch.tensor(255.0, device=device)  # a tensor: by a number a GPU multiplies with its reciprocal

    def x(self, index: Tensor) -> Tensor:
        """Observations at these rows, (len(index), *shape), images channels-last."""
        rows = self.rows[index]
        if self.packed:
            rows = (rows.unsqueeze(-1) >> self.bits & 1).flatten(1)[:, : math.prod(self.shape)]
        x = rows.reshape(-1, *self.shape).to(torch.float32)
        x = x / self.top if rows.dtype == torch.uint8 and not self.packed else x
        return channels_last(x)


def to_device(x: NDArray[np.float32], device: torch.device) -> Tensor:
    """Observations as a tensor; images channels-last, which convolutions on a CPU are a quarter faster on."""
    return channels_last(torch.from_numpy(x).to(device))


def channels_last(x: Tensor) -> Tensor:
    """Images in the layout that convolutions are fastest on; other observations as they are."""
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


@dataclass
class State:
    """All that a training has changed by some update: with it, it goes on as if it had never stopped.

    gathered: files by name, that `on_log` has made.
    """

    method: Method
    optimisers: list[torch.optim.Adam]
    rng: torch.Generator
    log: "_Log"
    gathered: dict[str, bytes] = field(default_factory=dict)


class Watch:
    """What goes on beside a training: nothing, or what a subclass does.

    resumed: at which update the training went on (0: it began). earlier: seconds that it had taken by then.
    """

    resumed: int = 0
    earlier: float = 0.0

    def begin(self, state: State) -> int:
        """How many updates are done already, the state being put where they led."""
        return 0

    def after(self, step: int, state: State) -> None:
        """After each update, `step` being done."""

    def logged(self, row: dict[str, float]) -> None:
        """After each row of the history."""

    def ended(self, step: int, state: State) -> None:
        """After the last update."""


def train(
    method: Method,
    batches: Callable[[int], Tensor],
    spec: RunSpec,
    rng: torch.Generator,
    log_every: int,
    on_log: Callable[[dict[str, float]], None] = lambda row: None,
    watch: Watch | None = None,
    gathered: dict[str, bytes] | None = None,
) -> Training:
    """`spec.steps` updates: each player steps down the gradient of its own term, all taken at the same weights.

    With `autograd.grad` for each player's own weights, no term leaks into another player's. Stops at divergence.
    """
    optimisers = [_adam(player, spec.lr) for player in method.players]
    log, watch = _Log(method.players), watch or Watch()
    state = State(method, optimisers, rng, log, {} if gathered is None else gathered)
    for step in range(watch.begin(state), spec.steps):
        terms = warmed_up(method.terms(batches(step), step, rng), step, spec.warmup)
        logged = (step + 1) % log_every == 0 or step + 1 == spec.steps
        for player in method.players:
            weights = list(player.module.parameters())
            grads = torch.autograd.grad(terms[player.term], weights, retain_graph=player is not method.players[-1])
            for w, g in zip(weights, grads, strict=True):
                w.grad = g
        norms = _norms(method.players, spec.grad_clip) if logged or spec.grad_clip else {}
        for optimiser in optimisers:
            optimiser.step()
        log.add(terms)
        if logged:
            row = log.row(step + 1, norms)
            on_log(row)
            watch.logged(row)
            if log.diverged_at is not None:
                break
        watch.after(step + 1, state)
    watch.ended(int(log.rows[-1]["step"]), state)
    return Training(log.rows, log.last, log.diverged_at)


def warmed_up(terms: dict[str, Tensor], step: int, warmup: int) -> dict[str, Tensor]:
    """During the first `warmup` updates, the loss with every term but the reconstruction weighted by step / warmup."""
    if step >= warmup:
        return terms
    recon, loss = terms["recon"], terms["loss"]
    return {**terms, "loss": recon + step / warmup * (loss - recon)}


def _adam(player: Player, lr: float) -> torch.optim.Adam:
    arguments: dict[str, Any] = {"lr": lr, **player.adam}
    return torch.optim.Adam(player.module.parameters(), fused=True, **arguments)


def _norms(players: list[Player], clip: float) -> dict[str, Tensor]:
    """Each player's gradient norm, before it is clipped to `clip` (0: not clipped)."""
    bound = clip or torch.inf
    return {f"grad_{p.term}": torch.nn.utils.clip_grad_norm_(p.module.parameters(), bound) for p in players}


class _Log:
    """Means of the terms between rows, kept on the device so that only a row waits for it."""

    def __init__(self, players: list[Player]) -> None:
        self.rows: History = []
        self.last: dict[str, float] = {}
        self.minimised = [p.term for p in players]
        self.sums: dict[str, Tensor] = {}
        self.finite: Tensor | int = 0
        self.since = 0
        self.diverged_at: int | None = None

    def add(self, terms: dict[str, Tensor]) -> None:
        values = {name: term.detach() for name, term in terms.items()}
        self.sums = {name: self.sums.get(name, 0) + value for name, value in values.items()}
        self.finite = self.finite + torch.stack([values[name] for name in self.minimised]).isfinite().all()
        self.since += 1

    def row(self, updates: int, norms: dict[str, Tensor]) -> dict[str, float]:
        means = {name: value.item() / self.since for name, value in self.sums.items()}
        row = {"step": float(updates), **means, **{name: norm.item() for name, norm in norms.items()}}
        if int(self.finite) < updates:
            self.diverged_at = int(self.finite) + 1
        self.rows.append(row)
        self.last = dict(row)
        self.sums, self.since = {}, 0
        return row
