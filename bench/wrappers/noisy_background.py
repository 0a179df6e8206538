"""Noise as Noisy-dSprites has it. Locatello et al., Challenging Common Assumptions..., ICML 2019."""

from dataclasses import replace
from functools import partial

import numpy as np

from bench.data._base import FactorDataset, Index
from bench.wrappers._noise import Altered, Floats, check_seed, to_colour, uniforms

__all__ = ["noisy_background"]


def noisy_background(dataset: FactorDataset, *, seed: int = 0) -> FactorDataset:
    """min(x + u, 1), u uniform on [0, 1] in each pixel and colour: what is lit stays; (1, H, W) becomes (3, H, W).

    The noise is drawn once for a row, where disentanglement_lib draws it anew each time the image is seen. Images of
    three channels (those of `colour`) keep their colours where noise does not outshine them. BenchError for others.
    """
    check_seed("noisy_background", seed)
    shape = to_colour("noisy_background", dataset, (1, 3))
    return replace(dataset, observations=Altered(dataset, partial(_noisy, shape, seed)), packed=False, shape=shape)


def _noisy(shape: tuple[int, int, int], seed: int, x: Floats, rows: Index) -> Floats:
    return np.asarray(np.minimum(x + uniforms(rows, shape, seed, "noisy_background"), np.float32(1)))
