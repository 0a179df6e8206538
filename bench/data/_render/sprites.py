"""Binary images of one sprite on a full grid of shape, scale, orientation and position.

Coordinates are pixels, x right, y down; the pixel in row i and column j has its centre at (j + 0.5, i + 0.5). A sprite
is a filled polygon: scaled about its origin, turned anticlockwise as seen on screen, moved, its vertices rounded to
1/256 pixel (the grid of the graphics hardware), and filled without anti-aliasing: a pixel is lit when its centre is
inside. A centre on a left or a bottom edge is in, on a right or a top edge out.

The constants were recovered from public images of dSprites (Matthey et al., dSprites: Disentanglement testing Sprites
dataset, 2017), whose generator is unpublished: among the values tried, each is the only one that reproduces all of
416 images pixel for pixel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.data._base import FactorDataset, Rows

SHAPES = ("square", "ellipse", "heart")

HALF = 0.15  # half the square's side at scale 1; lengths here are fractions of the image's side
ELLIPSE_STRETCH, ELLIPSE_SIDES = 1.33, 100  # semi-axes HALF * 1.33, horizontal at orientation 0, and HALF / 1.33
HEART_SIDES, HEART_HEIGHT, HEART_RISE = 150, 14.5, 0.15
ORIGIN_MIN, ORIGIN_SPAN = 0.25, 0.5  # the sprite's origin stays in the middle half of the image
SUBPIXEL = 256
CENTRE = SUBPIXEL // 2  # a pixel's centre, from its left or upper border


@dataclass(frozen=True, eq=False)
class Scene:
    """A grid of images; row-major in the order of `names`, posY varying fastest.

    size: of an image's side in pixels: 8, 16, 32 or 64, the widths of a machine word.
    scales: at most 1, so that every sprite stays inside the image.
    orientations: radians.
    period: after how many orientations they repeat.
    positions: 0 (left, top) to 1 (right, bottom) of the middle half of the image, for x and for y.
    """

    size: int
    scales: NDArray[np.float64]
    orientations: NDArray[np.float64]
    positions: NDArray[np.float64]

    period: int  # values of the orientation after which the images repeat

    names: ClassVar[tuple[str, ...]] = ("shape", "scale", "orientation", "posX", "posY")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Values per factor, in the order of `names`."""
        n = len(self.positions)
        return len(SHAPES), len(self.scales), len(self.orientations), n, n

    def __len__(self) -> int:
        return int(np.prod(self.sizes))

    def dataset(self, rows: NDArray[np.uint8] | Rows, sha256: str) -> FactorDataset:
        """The data set whose images are `rows`, (len(self), row_bytes), bit-packed, in the scene's order."""
        return FactorDataset(
            observations=rows,
            v=self.factors_of(np.arange(len(self))),
            names=self.names,
            sizes=self.sizes,
            shape=(1, self.size, self.size),
            sha256=sha256,
            packed=True,
            unordered=("shape",),
            cyclic={"orientation": self.period},
        )

    @property
    def row_bytes(self) -> int:
        """Bytes of one bit-packed image."""
        return self.size * self.size // 8

    def factors_of(self, index: ArrayLike) -> NDArray[np.uint8]:
        """Factor indices, (..., 5), of flat image indices."""
        return np.stack(np.unravel_index(np.asarray(index), self.sizes), axis=-1).astype(np.uint8)

    def vertices(self, factors: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Vertices x and y, each (n, m), in 1/256 pixel before rounding, of factors (n, 5) that share their shape."""
        u, v = _outline(int(factors[0, 0])).T
        _, scale, turn, px, py = (column[:, None] for column in factors.T)
        s, a = self.scales[scale], self.orientations[turn]
        cos, sin = np.cos(a), np.sin(a)
        x = ORIGIN_MIN + ORIGIN_SPAN * self.positions[px] + s * (u * cos + v * sin)
        y = ORIGIN_MIN + ORIGIN_SPAN * self.positions[py] + s * (v * cos - u * sin)
        return x * (self.size * SUBPIXEL), y * (self.size * SUBPIXEL)

    def packed(self, factors: ArrayLike) -> NDArray[np.uint8]:
        """Images of factor indices (n, 5), each as `np.packbits` writes it: (n, size * size / 8)."""
        factors = np.atleast_2d(factors)
        rows = np.empty((len(factors), self.row_bytes), np.uint8)
        for shape in np.unique(factors[:, 0]):
            of_shape = np.flatnonzero(factors[:, 0] == shape)
            x, y = (np.floor(w + 0.5).astype(np.int32) for w in self.vertices(factors[of_shape]))
            rows[of_shape] = fill(x, y, self.size)
        return rows

    def render(self, factors: ArrayLike) -> NDArray[np.uint8]:
        """Images, (n, size, size) in {0, 1}, of factor indices (n, 5)."""
        return np.unpackbits(self.packed(factors), axis=1).reshape(-1, self.size, self.size)

    def blocks(self, block: int = 512) -> Iterator[NDArray[np.uint8]]:
        """All images in order, bit-packed, `block` at a time."""
        for start in range(0, len(self), block):
            yield self.packed(self.factors_of(np.arange(start, min(start + block, len(self)))))


def _outline(shape: int) -> NDArray[np.float64]:
    """Vertices (m, 2) of a sprite at scale 1, unturned, about its own origin, in fractions of the image's side."""
    if SHAPES[shape] == "square":
        return HALF * np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    if SHAPES[shape] == "ellipse":
        t = 2.0 * np.pi * np.arange(ELLIPSE_SIDES) / ELLIPSE_SIDES
        return HALF * np.stack([np.cos(t) * ELLIPSE_STRETCH, np.sin(t) / ELLIPSE_STRETCH], axis=1)
    t = 2.0 * np.pi * np.arange(HEART_SIDES) / HEART_SIDES
    up = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return HALF * np.stack([np.sin(t) ** 3, -(up / HEART_HEIGHT + HEART_RISE)], axis=1)


def fill(x: NDArray[np.int32], y: NDArray[np.int32], size: int) -> NDArray[np.uint8]:
    """Even-odd fill, (n, size * size / 8) as `np.packbits` writes it, of n polygons x, y, each (n, m) in 1/256 pixel.

    Exact: integers throughout. A row of an image is one word of `size` bits, the leftmost pixel its highest; where an
    edge crosses the row's line of centres, all pixels from there to the right are toggled.
    """
    n, m = x.shape
    x2, y2 = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    first = (np.minimum(y, y2) - CENTRE) // SUBPIXEL + 1  # rows whose centre is in (upper end, lower end]
    count = ((np.maximum(y, y2) - CENTRE) // SUBPIXEL + 1 - first).ravel()
    edge = np.repeat(np.arange(n * m), count)  # one entry for each row that an edge crosses
    row = first.ravel()[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    x1, y1 = x.ravel()[edge], y.ravel()[edge]
    dx, dy = x2.ravel()[edge] - x1, y2.ravel()[edge] - y1
    crossing = (x1 - CENTRE) * dy + dx * (row * SUBPIXEL + CENTRE - y1)  # over dy * SUBPIXEL: in pixels
    column = -(-crossing // (SUBPIXEL * dy))  # first centre not left of the crossing
    word = np.dtype(f"u{size // 8}")
    rows = np.zeros(n * size, word)
    toggled = np.array(2**size - 1, word) >> column.astype(word)
    np.bitwise_xor.at(rows, edge // m * size + row, toggled)
    return rows.astype(word.newbyteorder(">")).view(np.uint8).reshape(n, -1)
