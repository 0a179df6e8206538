"""Images of any two sides, made square, of a side that backbones take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data._files.images import shrunk
from bench.errors import BenchError

SIDES = (32, 64)
FITS = ("crop", "resize", "pad")


def check(plugin: str, size: int, fit: str) -> None:
    """BenchError unless images can be brought to this size in this way."""
    if size not in (0, *SIDES):
        raise BenchError(f"{plugin}.size={size}: expected 32 or 64, or 0 to take images as they are")
    if fit not in ("", *FITS):
        raise BenchError(f"{plugin}.fit={fit}: expected {', '.join(FITS)}, or nothing to take square images only")


def side_of(plugin: str, shape: tuple[int, ...], size: int, fit: str) -> int | str:
    """The side of an image (C, H, W) once it is square, or what is wrong with it, in words."""
    _, height, width = shape
    here = f"is {width} x {height}: expected"
    side = size or (min(height, width) if fit == "crop" else max(height, width))
    if height != width and not fit:
        sized = "" if size else f", with {plugin}.size=32 or size=64"
        return f"{here} a square image, or {plugin}.fit=crop, fit=resize or fit=pad to make it square{sized}"
    if side not in SIDES:
        return f"{here} 32 x 32 or 64 x 64, or {plugin}.size=32 or size=64 to resample"
    return side


def squared(image: NDArray[Any], side: int, fit: str) -> NDArray[Any]:
    """An image (C, H, W) of bytes, or of floats in [0, 1], as (C, side, side).

    crop: its middle, as large as its shorter side. pad: the whole of it, in the middle of black. resize: the whole of
    it, out of proportion. Resampled by Lanczos where the side is then another.
    """
    height, width = image.shape[1:]
    if fit == "crop":
        least = min(height, width)
        top, left = (height - least) // 2, (width - least) // 2
        image = image[:, top : top + least, left : left + least]
    if fit == "pad":
        most = max(height, width)
        above, before = (most - height) // 2, (most - width) // 2
        image = np.pad(image, ((0, 0), (above, most - height - above), (before, most - width - before)))
    if image.shape[1:] == (side, side):
        return image
    resampled = np.stack([shrunk(channel, side) for channel in image])
    return resampled if image.dtype == np.uint8 else resampled.clip(0, 1)
