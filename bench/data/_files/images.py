"""Images on a grid of factors, from the orders in which files hold them."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.data._base import FactorDataset
from bench.data._files.cache import Cached


def on_grid(
    cached: Cached, names: tuple[str, ...], sizes: tuple[int, ...], shape: tuple[int, int, int]
) -> FactorDataset:
    """The data set of rows (prod(sizes), bytes) in row-major order, each an image of this shape."""
    return FactorDataset(
        observations=cached.rows,
        v=grid(sizes),
        names=names,
        sizes=sizes,
        shape=shape,
        sha256=cached.sha256,
    )


def grid(sizes: tuple[int, ...]) -> NDArray[np.uint8]:
    """Factor indices (prod(sizes), K) of all combinations, the last factor varying fastest."""
    index = np.unravel_index(np.arange(np.prod(sizes)), sizes)
    return np.stack([factor.astype(np.uint8) for factor in index], axis=1)


def channels_first(blocks: Iterable[NDArray[np.uint8]], height: int, width: int) -> Iterator[NDArray[np.uint8]]:
    """Rows of images (height, width, channels) as rows of images (channels, height, width)."""
    for block in blocks:
        images = block.reshape(len(block), height, width, -1)
        yield np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(block), -1)


def shrunk(image: NDArray[Any], side: int) -> NDArray[Any]:
    """An image (height, width) or (height, width, channels) at side x side, by Lanczos resampling."""
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS))
