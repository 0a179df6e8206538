"""What a data set is: observations, and for each the factors that made it."""

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Kind = Literal["image", "vector", "sequence"]


class Rows(Protocol):
    """Observations that are put together as they are asked for, and never lie in memory all at once."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: NDArray[np.integer]) -> NDArray[np.generic]: ...


@dataclass(frozen=True, eq=False)
class FactorDataset:
    """N observations with K known factors of variation.

    observations: (N, ...) uint8 in 0..255, or floats; or, where `packed`, (N, bytes) uint8, each row one binary
        observation as `np.packbits` writes it. May be a read-only memory map, or what gives rows like those of an
        array when it is indexed.
    v: (N, K) factor indices.
    shape: of one observation; images are (channels, height, width).
    kind: what a backbone must fit.
    likelihood: the default p(x|z).
    sha256: of the observations' bytes as stored, or of what they are put together from, in hex.
    """

    observations: NDArray[np.generic] | Rows
    v: NDArray[np.integer]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    shape: tuple[int, ...]
    sha256: str
    packed: bool = False
    kind: Kind = "image"
    likelihood: str = "bernoulli"

    def __len__(self) -> int:
        return len(self.observations)

    def x(self, index: NDArray[np.integer]) -> NDArray[np.float32]:
        """Observations at these rows, (len(index), *shape); bytes and bits scaled to [0, 1]."""
        rows: NDArray[Any] = self.observations[index]
        if self.packed:
            rows = np.unpackbits(rows, axis=1, count=math.prod(self.shape))
        x: NDArray[np.float32] = rows.reshape(-1, *self.shape).astype(np.float32)
        if rows.dtype == np.uint8 and not self.packed:
            x /= 255
        return x
