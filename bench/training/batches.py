"""The batches of a training, and how observations come to a device."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bench.data._base import FactorDataset
from bench.seeds import stream
from bench.spec import RunSpec

BLOCK = 256  # updates whose batches are drawn at once
TABLE_BYTES = 2**32  # of observations at most that are put on a device: there may be several runs on it
PIECE = 2**26  # bytes sent at once


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

    Gives the same numbers as the data set. Tested against the data set on the processor; one H100 has run it.
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
