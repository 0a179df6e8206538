"""The training loop, the same for every method."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data._base import FactorDataset
from bench.seeds import stream
from bench.spec import RunSpec
from bench.update import Log, Update
from methods._base import Method

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
    log: Log
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
    """`spec.steps` updates, with a row of the history every `log_every` of them. Stops at divergence."""
    log, watch = Log(method.players), watch or Watch()
    update = Update(method, spec, rng, log)
    state = State(method, update.optimisers, rng, log, {} if gathered is None else gathered)
    for step in range(watch.begin(state), spec.steps):
        logged = (step + 1) % log_every == 0 or step + 1 == spec.steps
        norms = update(batches(step), step, logged)
        if logged:
            row = log.row(step + 1, norms)
            on_log(row)
            watch.logged(row)
            if log.diverged_at is not None:
                break
        watch.after(step + 1, state)
    watch.ended(int(log.rows[-1]["step"]), state)
    return Training(log.rows, log.last, log.diverged_at)
