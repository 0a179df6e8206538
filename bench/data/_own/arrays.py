"""Observations in an array of an .npz file, on their way into the cache: checked, channels first, scaled if asked."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.data._base import Kind
from bench.data._files import read
from bench.data._own.cells import finite
from bench.data._own.factors import scale_of
from bench.data._own.origin import Origin
from bench.data._own.squared import SIDES, side_of, squared
from bench.errors import BenchError

CHANNELS = (1, 3)
FLOATS = tuple(np.dtype(name) for name in ("float16", "float32", "float64"))
BYTES = (np.dtype(np.uint8), np.dtype(np.bool_))
LEAST_SIDE = 8  # of what may be an image: a sequence of fewer channels is none


class Form(NamedTuple):
    """What an observation is. last: the file has its channels last."""

    kind: Kind
    shape: tuple[int, ...]
    last: bool = False


@dataclass(frozen=True)
class Observations:
    """Array `key` of the file.

    kind: image, vector or sequence; or "", to go by the shape. likelihood: which must hold them; "": the kind's.
    size: to resample images to, or 0. fit: how they are made square, or "". standardise, noise: of features and
    sequences.
    """

    origin: Origin
    key: str
    kind: str
    likelihood: str
    size: int
    fit: str
    standardise: bool
    noise: float

    @cached_property
    def layout(self) -> read.Layout:
        """Of the array. BenchError where it is of no use."""
        found = read.layout(self.origin.path, self.key)
        read.check_plain(self.origin.path, self.key, found)
        if found.dtype.newbyteorder("=") not in (*BYTES, *FLOATS):
            raise self._wrong(f"is of {found.dtype}: expected uint8 or floats")
        if len(found.shape) < 2 or not all(found.shape):
            raise self._wrong(f"has shape {found.shape}: expected a row for each observation")
        if found.in_fortran_order:
            raise self._wrong("is in Fortran order: save np.ascontiguousarray of it")
        return found

    @cached_property
    def form(self) -> Form:
        """What the observations are; images as they are before they are resampled. BenchError where that is unclear."""
        one = self.layout.shape[1:]
        asked = self.size > 0 or self.fit != ""
        image = len(one) == 2 and (self.fit != "" or (one[0] == one[1] and (asked or one[0] in SIDES)))
        by_shape: dict[int, Kind] = {1: "vector", 2: "image" if image or asked else "sequence", 3: "image"}
        if not self.kind and len(one) == 2 and not image:
            self._ask(one[0], one[1])
        kind = self.kind or by_shape.get(len(one), "")
        if kind == "vector" and len(one) == 1:
            return Form("vector", one)
        if kind == "sequence" and len(one) == 2:
            return Form("sequence", one)
        if kind == "image" and len(one) == 2:
            return self._image(Form("image", (1, *one)))
        if kind == "image" and len(one) == 3 and one[0] in CHANNELS:
            return self._image(Form("image", one))
        if kind == "image" and len(one) == 3 and one[2] in CHANNELS:
            return self._image(Form("image", (one[2], *one[:2]), last=True))
        raise self._wrong(
            f"has shape {self.layout.shape}{f', which is no {kind}' if kind else ''}: expected images (N, H, W), "
            "(N, C, H, W) or (N, H, W, C) of 1 or 3 channels, vectors (N, F), or sequences (N, C, L)"
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an observation as it is stored."""
        return (self.form.shape[0], self._side, self._side) if self.form.kind == "image" else self.form.shape

    @property
    def stored(self) -> np.dtype[Any]:
        """Of an element as it is stored: bytes for images of bytes, else float32."""
        return np.dtype(np.uint8 if self.form.kind == "image" and self.layout.dtype in BYTES else "<f4")

    @property
    def held_by(self) -> str:
        """The likelihood."""
        return self.likelihood or ("bernoulli" if self.form.kind == "image" else "gaussian")

    def blocks(self) -> Iterator[NDArray[np.uint8]]:
        """Rows (n, bytes) as they are stored. BenchError for the first number that is not as it should be."""
        top = 255 if self._binary() else 1
        image = self.form.kind == "image"
        names = [f"array {self.key!r}, column {c}," for c in range(self.form.shape[0])]
        scale = scale_of(self.origin, names, self._channels(), self.standardise and not image, self.noise)
        for x in self._checked():
            y = x.astype(np.uint8) * np.uint8(top) if self.stored == np.uint8 else x.astype(np.float32)
            if image and self.form.shape[1:] != (self._side, self._side):
                y = np.stack([squared(one, self._side, self.fit) for one in y])
            if not image:
                y = np.moveaxis(scale(np.moveaxis(x, 1, -1)), -1, 1)
            yield np.ascontiguousarray(y, self.stored).reshape(len(y), -1).view(np.uint8)

    @property
    def _side(self) -> int:
        """Of an image, once it is square."""
        return int(side_of("npz", self.form.shape, self.size, self.fit))

    def _image(self, form: Form) -> Form:
        side = side_of("npz", form.shape, self.size, self.fit)
        if isinstance(side, str):
            raise self._wrong(f"holds images, of which each {side}")
        return form

    def _ask(self, first: int, second: int) -> None:
        """BenchError where observations (A, B) may be images as well as sequences, and nothing says which."""
        if first == second:
            raise self._wrong(
                f"has shape {self.layout.shape}: of images expected 32 x 32 or 64 x 64, or size=32 or size=64 to "
                "resample; of sequences, kind=sequence"
            )
        if self.likelihood in ("gaussian", "categorical") or min(first, second) < LEAST_SIDE:
            return
        block = next(self._raw())
        if not self.size and (block.dtype in BYTES or ((block >= 0) & (block <= 1)).all()):
            raise self._wrong(
                f"has shape {self.layout.shape}, images of {second} x {first} or sequences of {first} channels: "
                "expected npz.kind=image or npz.kind=sequence"
            )

    def _binary(self) -> bool:
        """Whether bytes are nothing but 0 and 1, which are then black and white."""
        return self.stored == np.uint8 and max(int(x.max()) for x in self._read()) <= 1

    def _channels(self) -> Iterator[NDArray[Any]]:
        """Blocks (n, C) of what is standardised: features, or the channels of sequences over all instants."""
        if self.form.kind != "image":
            for x in self._checked():
                yield np.moveaxis(x, 1, -1).reshape(-1, self.form.shape[0])

    def _read(self) -> Iterator[NDArray[Any]]:
        """Blocks (n, *form.shape)."""
        for x in self._raw():
            yield np.moveaxis(x, -1, 1) if self.form.last else x.reshape(-1, *self.form.shape)

    def _raw(self) -> Iterator[NDArray[Any]]:
        """Blocks (n, ...) as they lie in the file."""
        n, *one = self.layout.shape
        dtype = self.layout.dtype
        for block in read.npz_blocks(self.origin.path, self.key, n, math.prod(one) * dtype.itemsize):
            yield block.view(dtype).reshape(-1, *one)

    def _checked(self) -> Iterator[NDArray[Any]]:
        """The same, after a check of each number."""
        start = 0
        for x in self._read():
            self._expect(finite(x), x, start, "a finite number (float32)")
            if self.held_by == "bernoulli" and self.layout.dtype not in BYTES:
                self._expect((x >= 0) & (x <= 1), x, start, "a number from 0 to 1")
            if self.held_by == "categorical":
                one_hot = np.isin(x, (0, 1)).all(axis=1, keepdims=True) & (x.sum(axis=1, keepdims=True) == 1)
                self._expect(np.broadcast_to(one_hot, x.shape), x, start, "one 1 and else 0 at each place")
            yield x
            start += len(x)

    def _expect(self, right: NDArray[np.bool_], x: NDArray[Any], start: int, expected: str) -> None:
        if not right.all():
            at = np.unravel_index(int(right.argmin()), x.shape)
            raise self._wrong(f"holds {x[at]:g} in {self.origin.row(start + int(at[0]))}: expected {expected}")

    def _wrong(self, what: str) -> BenchError:
        return self.origin.wrong(f"array {self.key!r} {what}")
