"""An installed package with plugins of its own: what tests train on, and a method that goes wrong when told to."""

import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from bench.data._base import FactorDataset
from methods._base import Method
from methods._terms import kl, sample
from metrics._codes import Scores

SIZES = (2, 3, 4)


def toy(*, side: int = 8, source: Path | None = None) -> FactorDataset:
    """24 images of a square, 1 x 8 x 8: dim or bright, at 3 heights and 4 widths."""
    v = np.stack(np.unravel_index(np.arange(24), SIZES), axis=1)
    x = np.zeros((24, side, side), np.uint8)
    for image, (bright, y, column) in zip(x, v, strict=True):
        image[2 * y : 2 * y + 2, column : column + 3] = 255 if bright else 128
    x = np.fromfile(source, np.uint8).reshape(x.shape) if source else x
    return FactorDataset(x, v, ("bright", "y", "x"), SIZES, (1, side, side), hashlib.sha256(x.data).hexdigest())


def snapshots(*, rows: int = 400, bins: int = 8, unknown: float = 0.1, unordered: bool = False) -> FactorDataset:
    """A sample of images of a square, 1 x 8 x 8: dim or bright, at 3 heights, at any place from left to right.

    unknown: the share of rows of which brightness, and of others of which the place, is not known.
    """
    rng = np.random.default_rng(7)
    bright, y, x = rng.integers(2, size=rows), rng.integers(3, size=rows), rng.uniform(-3, 1.5, rows)
    images = np.zeros((rows, 1, 8, 8), np.float32)
    for image, b, top, left in zip(images[:, 0], bright, y, x + 3, strict=True):
        cover = np.clip(np.minimum(np.arange(8) + 1, left + 3) - np.maximum(np.arange(8), left), 0, 1)
        image[2 * top : 2 * top + 2] = cover * (1.0 if b else 0.5)
    lost = rng.permutation(rows)[: 2 * round(unknown * rows)].reshape(2, -1)
    x[lost[0]], bright[lost[1]] = np.nan, -1
    place = np.where(np.isnan(x), -1, np.digitize(x, np.linspace(np.nanmin(x), np.nanmax(x), bins + 1)[:-1]) - 1)
    v = np.stack([bright, y, place.astype(np.int64)], axis=1)
    sha256 = hashlib.sha256(images.tobytes() + v.tobytes() + x.tobytes()).hexdigest()
    return FactorDataset(
        images,
        v,
        ("bright", "y", "x"),
        (2, 3, bins),
        (1, 8, 8),
        sha256,
        sampled=True,
        unordered=("y",) if unordered else (),
        numbers={"x": x},
        binned=f"vwidth{bins}",
    )


def dimmed(dataset: FactorDataset, *, top: int = 100) -> FactorDataset:
    """No pixel is brighter than top."""
    assert isinstance(dataset.observations, np.ndarray)
    return replace(dataset, observations=np.minimum(dataset.observations, top).astype(np.uint8))


class Unruly(Method):
    """A VAE that raises, or whose loss is not a number, at one update."""

    def __init__(self, backbone, raise_at: int = -1, nan_at: int = -1) -> None:
        super().__init__(backbone)
        self.raise_at, self.nan_at = raise_at, nan_at

    def terms(self, x: Tensor, step: int, rng) -> dict[str, Tensor]:
        if step == self.raise_at:
            raise RuntimeError("as told to")
        mu, logvar = self.backbone.encode(x)
        nll, kl_ = self.nll(sample(mu, logvar, rng), x), kl(mu, logvar)
        return {"loss": (nll + kl_) * (float("nan") if step == self.nan_at else 1), "recon": nll, "kl": kl_}


class Deadly(Method):
    """A VAE that dies by a signal at one update, sleeps at another, and takes its time over each.

    diary: a file for a line an update: when, by which process, which GPUs it sees. once: a file whose being there says
        that it has gone wrong once, and needs not again.
    """

    def __init__(
        self,
        backbone,
        kill_at: int = -1,
        signal: int = 9,
        sleep_at: int = -1,
        milliseconds: float = 0.0,
        diary: str = "",
        once: str = "",
    ) -> None:
        super().__init__(backbone)
        self.kill_at, self.signal, self.sleep_at = kill_at, signal, sleep_at
        self.milliseconds, self.diary, self.once = milliseconds, diary, once

    def terms(self, x: Tensor, step: int, rng) -> dict[str, Tensor]:
        time.sleep(self.milliseconds / 1000)
        if self.diary:
            with Path(self.diary).open("a") as file:
                file.write(f"{step} {time.time()} {os.getpid()} [{os.environ.get('CUDA_VISIBLE_DEVICES')}]\n")
        if step in (self.kill_at, self.sleep_at) and not (self.once and Path(self.once).exists()):
            if self.once:
                Path(self.once).touch()
            if step == self.kill_at:
                os.kill(os.getpid(), self.signal)
            time.sleep(60)
        mu, logvar = self.backbone.encode(x)
        nll, kl_ = self.nll(sample(mu, logvar, rng), x), kl(mu, logvar)
        return {"loss": nll + kl_, "recon": nll, "kl": kl_}


def row_mean(sample, rng, *, n_train: int = 500, scale: float = 1.0) -> Scores:
    """The mean code over the first rows: of no meaning, but it tells which rows came. Fails on toy at scale 13."""
    if scale == 13 and sample.v.shape[1] == len(SIZES):
        raise ArithmeticError("scale is 13")
    return Scores(
        {"row_mean": float(scale * sample.z[:n_train].mean()), "draw": rng.random()}, {"nothing": np.array([np.nan])}
    )
