"""A look-alike of Shapes3D (Burgess & Kim, 3D Shapes Dataset, 2018), rendered here; it is not that data set."""

import colorsys
import hashlib

import numpy as np
from numpy.typing import NDArray

from bench.data._base import FactorDataset
from bench.data._render.scene3d import PARTS, SHAPES, SIZE, geometries

__all__ = ["shapes3d_like"]

NAMES = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
SIZES = (10, 10, 10, 8, len(SHAPES), 15)
COLOURS = SIZES[:3]
SCALES = np.linspace(0.75, 1.25, SIZES[3])
DEGREES = np.linspace(-30, 30, SIZES[5])  # at -30 the right-hand corner of the room shows
HUES = np.array([colorsys.hsv_to_rgb(i / 10, 1, 1) for i in range(10)])  # of the floor, the walls and the object
SKY = (153, 226, 249)
N, PIXELS = int(np.prod(SIZES)), SIZE * SIZE
SHA256 = "bead393cde98bf805c847a6c6f382fdf8c10ad7861a9e8ad18500d31cb9f5446"  # of the geometries' weights


def shapes3d_like() -> FactorDataset:
    """480,000 RGB images, (3, 64, 64), of a solid in a room, on the grid of Shapes3D, in its order.

    Floor, wall and object hue 10 each (hue 0, 0.1 .. 0.9, full saturation), scale 8 (0.75 .. 1.25), shape 4 (cube,
    cylinder, sphere, capsule), orientation 15 (-30 .. 30 degrees). Layout, sizes and colours are like the original's,
    its textures, lamps and highlights are not: scores on it are never set beside published ones of Shapes3D.

    Only the 480 geometries are rendered (9.4 MiB), in about a quarter of a second: no file is read or written.
    Images are coloured as they are asked for; all of them would take 5.9 GB.
    sha256: of the geometries' weights, then the hues and the sky's colour, as bytes.
    Raises RuntimeError where the weights come out otherwise than those of record.
    """
    weights = np.concatenate(list(geometries(SCALES, DEGREES)))
    digest = hashlib.sha256(weights.data)
    if digest.hexdigest() != SHA256:
        raise RuntimeError(f"shapes3d_like: its weights should have sha256 {SHA256}, but have {digest.hexdigest()}")
    hues = np.rint(255 * HUES).astype(np.uint8)
    images = Coloured(weights.reshape(-1, len(PARTS), PIXELS), hues)
    digest.update(hues.tobytes() + bytes(SKY))
    v = np.stack(np.unravel_index(np.arange(N), SIZES), axis=1).astype(np.uint8)
    return FactorDataset(images, v, NAMES, SIZES, (3, SIZE, SIZE), digest.hexdigest())


class Coloured:
    """The images as rows, (N, 3, 64, 64) uint8, each put together when it is asked for."""

    def __init__(self, weights: NDArray[np.uint8], hues: NDArray[np.uint8]) -> None:
        """weights: (geometries, len(PARTS), PIXELS) in 1/255; hues: (10, 3)."""
        self.weights, self.hues = weights, hues.astype(np.float32)
        self.fixed = np.array([SKY, (255, 255, 255)], np.float32)

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: NDArray[np.integer]) -> NDArray[np.uint8]:
        """Images of these rows; negative ones count from the end, as those of an array."""
        rows = np.asarray(index)
        colour, geometry = np.divmod(np.where(rows < 0, rows + N, rows), len(self.weights))
        hues = self.hues[np.stack(np.unravel_index(colour, COLOURS), axis=-1)]  # (n, 3 parts, 3 channels)
        colours = np.concatenate([hues, np.broadcast_to(self.fixed, (*hues.shape[:-2], 2, 3))], axis=-2)
        # whole numbers below 2^24, so exact in any order of summation
        summed = np.swapaxes(colours, -1, -2) @ self.weights[geometry].astype(np.float32)
        summed *= np.float32(1 / 255)
        summed += np.float32(0.5)
        return summed.astype(np.uint8).reshape(*rows.shape, 3, SIZE, SIZE)
