"""A small grid of factors over binary images."""

import numpy as np
import pytest

from bench.data._base import FactorDataset

SIZES = (3, 4, 10)


@pytest.fixture
def grid():
    """120 binary images, 1 x 8 x 8, stored as bits, of shape, scale and x."""
    v = np.stack(np.unravel_index(np.arange(120), SIZES), axis=1).astype(np.uint8)
    bits = np.random.default_rng(0).integers(2, size=(120, 64), dtype=np.uint8)
    return FactorDataset(np.packbits(bits, axis=1), v, ("shape", "scale", "x"), SIZES, (1, 8, 8), "0" * 64, packed=True)


@pytest.fixture
def drawn(spec_of):
    """Rows that a training of so many updates of 8 draws, from both of the two batches of an update."""
    from bench.training.batches import BLOCK, Batches
    from bench.training.loop import torch

    def rows(dataset, updates=4 * BLOCK, seed=0):
        batches = Batches(dataset, spec_of(seed=seed, batch_size=64), 2, torch.device("cpu"))
        return np.concatenate([batches.index(step) for step in range(updates)])

    return rows
