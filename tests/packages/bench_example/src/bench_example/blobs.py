"""blobs: one Gaussian blob at 32x32, of three factors."""

import hashlib

import numpy as np

from bench.data import FactorDataset

__all__ = ["blobs"]

SIZES = (4, 12, 12)


def blobs() -> FactorDataset:
    """576 grey images, (1, 32, 32): 4 widths, 12 x 12 positions; generated in memory."""
    v = np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), axis=1)
    width, row, column = 1.5 + v[:, 0], 5 + 2 * v[:, 1], 5 + 2 * v[:, 2]
    pixel = np.arange(32)
    along, across = (np.exp(-0.5 * ((pixel - at[:, None]) / width[:, None]) ** 2) for at in (row, column))
    x = np.rint(255 * along[:, :, None] * across[:, None, :]).astype(np.uint8)[:, None]
    return FactorDataset(x, v, ("width", "row", "column"), SIZES, (1, 32, 32), hashlib.sha256(x.tobytes()).hexdigest())
