"""waveforms: short periodic signals of known shape, frequency, phase, amplitude and offset."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._render.noise import in_units_of_noise, require

__all__ = ["waveforms"]

SHAPES = ("sine", "triangle", "square")
FACTORS = {
    "frequency": np.linspace(1.0, 4.0, 10),  # periods in the sequence
    "phase": np.linspace(0.0, np.pi, 10, endpoint=False),  # half a turn: it does not come round to where it began
    "amplitude": np.linspace(0.5, 1.0, 8),
    "offset": np.linspace(-0.5, 0.5, 8),
}


def waveforms(length: int = 64, noise: float = 0.1, seed: int = 0) -> FactorDataset:
    """19,200 sequences of one channel, (1, length): every combination of shape and the values of FACTORS, once.

    offset + amplitude * wave(2 pi frequency (t - 1/2) + phase) at `length` times t from 0 to 1, the wave between -1
    and 1; the phase is that in the middle. noise: the standard deviation of what is added to each value, drawn from
    the seed; the sequence is stated in units of it, so that the Gaussian likelihood, of variance 1, is the true one.
    """
    require(16 <= length <= 4096, "waveforms", "length", length, "from 16 to 4096")
    require(seed >= 0, "waveforms", "seed", seed, "at least 0")
    sizes = (len(SHAPES), *map(len, FACTORS.values()))
    v = np.indices(sizes).reshape(len(sizes), -1).T.astype(np.int16)
    x = in_units_of_noise("waveforms", waves(v, length), noise, np.random.default_rng(seed))[:, None]
    return FactorDataset(
        observations=x,
        v=v,
        names=("shape", *FACTORS),
        sizes=sizes,
        shape=(1, length),
        sha256=hashlib.sha256(x.data).hexdigest(),
        kind="sequence",
        likelihood="gaussian",
    )


def waves(v: NDArray[np.integer], length: int) -> NDArray[np.float64]:
    """The signals without noise, (N, length), of factor indices (N, 5)."""
    frequency, phase, amplitude, offset = (
        values[column][:, None] for values, column in zip(FACTORS.values(), v.T[1:], strict=True)
    )
    turn = 2 * np.pi * frequency * ((np.arange(length) + 0.5) / length - 0.5) + phase
    sine = np.sin(turn)
    wave = np.choose(v[:, :1], (sine, 2 / np.pi * np.arcsin(sine), np.where(sine < 0, -1.0, 1.0)))
    signals: NDArray[np.float64] = offset + amplitude * wave
    return signals
