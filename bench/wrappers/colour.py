"""Colour as Color-dSprites has it. Locatello et al., Challenging Common Assumptions..., ICML 2019."""

from dataclasses import replace
from functools import partial

import numpy as np

from bench.data._base import FactorDataset, Index
from bench.errors import BenchError
from bench.wrappers._noise import Altered, Floats, check_seed, to_colour, uniforms

__all__ = ["colour"]


def colour(dataset: FactorDataset, *, low: float = 0.5, seed: int = 0) -> FactorDataset:
    """Each image times a colour of its own: x_c = x rgb_c with rgb uniform on [low, 1]^3; (1, H, W) becomes (3, H, W).

    The colour is no factor: it is drawn once for a row, where disentanglement_lib draws it anew each time the image is
    seen. BenchError unless the images have one channel and low is from 0 to 1.
    """
    check_seed("colour", seed)
    if not 0 <= low <= 1:
        raise BenchError(f"colour.low={low}: expected a number from 0 to 1")
    shape = to_colour("colour", dataset, (1,))
    return replace(dataset, observations=Altered(dataset, partial(_coloured, low, seed)), packed=False, shape=shape)


def _coloured(low: float, seed: int, x: Floats, rows: Index) -> Floats:
    rgb = np.float32(low) + np.float32(1 - low) * uniforms(rows, (3, 1, 1), seed, "colour")
    return np.asarray(x * rgb)
