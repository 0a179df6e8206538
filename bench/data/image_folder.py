"""image_folder: images of one's own in a folder, and a table of their factors."""

import hashlib
import json
import math
import os
import stat
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from bench.data._base import FactorDataset
from bench.data._own import columns
from bench.data._own import factors as own
from bench.data._own.cells import Column
from bench.data._own.origin import Origin
from bench.data._own.squared import check, side_of, squared
from bench.errors import BenchError

__all__ = ["image_folder"]

SOURCE = "FOLDER, of images and of factors.csv"
TABLE = "factors.csv"
FORMATS = ("PNG", "JPEG", "BMP", "PPM", "TIFF", "WEBP", "GIF")  # none that runs another program to be read
SEVERAL = ("PNG", "TIFF", "WEBP", "GIF")  # those that may hold several images; a JPEG's others are previews
BLOCK = 256  # images decoded at a time
MOST_LISTED = 10_000  # files that a misspelt name is held against
READING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True)
class _Files:
    """The images that a column of a table names, relative to the table's folder.

    size: to resample to, or 0. fit: how they are made square, or "".
    """

    origin: Origin
    column: str
    names: list[str]
    size: int
    fit: str

    def wrong(self, row: int, what: str) -> BenchError:
        return self.origin.wrong(f"column {self.column!r}, {self.origin.row(row)}: {self.names[row]!r} {what}")

    def path(self, row: int) -> Path:
        return self.origin.path.parent / self.names[row]

    def fingerprint(self) -> str:
        """Of the files as they are now, by name, size and time of change. BenchError where one is missing."""
        how = [self.size, *([self.fit] if self.fit else [])]
        digest = hashlib.sha256(json.dumps([str(self.origin.path.parent.resolve()), *how]).encode())
        for row, name in enumerate(self.names):
            try:
                status = os.stat(self.path(row))
            except (OSError, ValueError):  # ValueError: a name with a byte that none may have
                raise self.wrong(row, f"is no file in the table's folder{self._instead(row)}") from None
            if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
                raise self.wrong(row, "is no file, but a folder, a pipe or a device")
            digest.update(json.dumps([name, status.st_size, status.st_mtime_ns]).encode())
        return digest.hexdigest()

    def pixels(self, row: int) -> NDArray[np.uint8]:
        """The image of this row, (1 or 3, H, W)."""
        if not self.path(row).resolve().is_relative_to(self.origin.path.parent.resolve()):
            raise self.wrong(row, "leads out of the table's folder")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(self.path(row), formats=FORMATS) as image:
                    self._check_single(row, image)
                    plain = self._plain(row, ImageOps.exif_transpose(image))
        except READING_ERRORS as error:
            why = "it is of another format" if isinstance(error, UnidentifiedImageError) else str(error)
            raise self.wrong(
                row, f"cannot be read as an image: {' '.join(why.split())} (expected one of {', '.join(FORMATS)})"
            ) from None
        pixels = np.asarray(plain)
        pixels = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
        side = side_of("image_folder", pixels.shape, self.size, self.fit)
        if isinstance(side, str):
            raise self.wrong(row, side)
        return squared(pixels, side, self.fit)

    def _instead(self, row: int) -> str:
        """A file that may be meant by a name of none, in words."""
        name, folder = PurePosixPath(self.names[row]), self.origin.path.parent
        with suppress(OSError, ValueError):
            for path in sorted((folder / name.parent).iterdir())[:MOST_LISTED]:
                if name.name.casefold() in (path.name.casefold(), path.stem.casefold()) and path.is_file():
                    return f"; {str(path.relative_to(folder))!r} is one"
            for path in sorted(folder.iterdir()):
                if path.is_dir() and (path / name).is_file():
                    return f"; {str((path / name).relative_to(folder))!r} is one"
        return ""

    def _check_single(self, row: int, image: Image.Image) -> None:
        n = getattr(image, "n_frames", 1) if image.format in SEVERAL else 1
        if n != 1:
            raise self.wrong(row, f"holds {n} images: expected one in a file")

    def _plain(self, row: int, image: Image.Image) -> Image.Image:
        """The image as L or RGB."""
        if image.mode == "P":
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        if image.mode in ("RGBA", "LA"):
            if image.getchannel("A").getextrema()[0] != 255:
                raise self.wrong(row, "has transparent pixels: expected an image on a background")
            image = image.convert(image.mode.removesuffix("A"))
        if image.mode not in ("1", "L", "RGB"):
            raise self.wrong(row, f"is of mode {image.mode}: expected grey or RGB, 8 bits a channel")
        return image.convert("L") if image.mode == "1" else image

    def blocks(self) -> Iterator[NDArray[np.uint8]]:
        """All images in order, BLOCK of them at most, as rows (n, bytes)."""
        shape = self.pixels(0).shape
        for start in range(0, len(self.names), BLOCK):
            rows = range(start, min(start + BLOCK, len(self.names)))
            yield np.stack([self._like(row, shape).ravel() for row in rows])

    def _like(self, row: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        pixels = self.pixels(row)
        if pixels.shape != shape:
            one, other = (" x ".join(map(str, found)) for found in (pixels.shape, shape))
            raise self.wrong(row, f"is {one}, the first is {other}: expected one size, and all grey or all RGB")
        return pixels


def image_folder(
    *,
    source: Path | None = None,
    factors: str = "",
    image: str = "",
    size: int = 0,
    fit: str | None = None,
    categorical: str = "",
    ordered: str = "",
    continuous: str = "",
    bins: int = 20,
    binning: str = "width",
    name: str = "",
) -> FactorDataset:
    """Images of yours, (1 or 3, 32 or 64, 32 or 64), and their factors, for a Bernoulli likelihood.

    source: a folder that holds the images and factors.csv; or such a table by its own name, of any ending that `table`
        reads. It has a row for each image. Of a folder without factors.csv all images, those in its folders too, are
        taken in the order of their names: they train a method, and no metric that asks for factors can score it.
    image: the column of file names, relative to the table; by default the first. factors: their columns, with commas
        between; by default all others. Files that the table does not name are left alone.
    size: 32 or 64, to which square images are resampled (Lanczos); by default they are taken as they are.
    fit: how images of any two sides are made square: `crop`, `resize` or `pad` (bench.data._own.squared).
    categorical, ordered, continuous: of factors whose values do not show it (bench.data._own.factors). bins, binning:
        how continuous ones are put into bins, of equal `width` or by `quantile`.
    name: of this folder, to tell it from others.

    Grey or RGB, 8 bits a channel. They are decoded once, into the cache directory, and again when a file has another
    size or time of change. Raises BenchError for what is wrong with the table or an image.
    """
    if source is None:
        raise own.needed("image_folder", SOURCE)
    if not source.exists():
        raise BenchError(f"source: no file or folder {source}")
    check("image_folder", size, fit or "")
    path, roles = source / TABLE, own.Roles("image_folder", categorical, ordered, continuous, bins, binning)
    if source.is_dir() and not path.exists():
        for argument, given in {"factors": factors, "image": image}.items():
            own.refuse("image_folder", argument, given, f"{source} has no {TABLE}")
        roles.refuse(f"{source} has no {TABLE}")
        files = _Files(Origin(path), "file", _images(source), size, fit or "")
        return _dataset(files, own.Factors(np.empty((len(files.names), 0), np.int32), (), ()))
    path = path if source.is_dir() else source
    header = columns.header(path)
    (column,) = own.chosen("image_folder.image", image or header[0], header)
    names = own.chosen("image_folder.factors", factors, [n for n in header if n != column])
    if not factors:
        columns.without_index("image_folder.factors", path, names)
    held = columns.columns(path, [column, *names])
    if not image:
        _check_first(Origin(path), column, held)
    files = _Files(Origin(path), column, _file_names(Origin(path), column, held.pop(column)), size, fit or "")
    return _dataset(files, own.factors_of(files.origin, held, roles))


def _dataset(files: _Files, found: own.Factors) -> FactorDataset:
    of, shape = files.fingerprint(), files.pixels(0).shape
    path = files.origin.path if files.origin.path.exists() else files.origin.path.parent
    rows = own.kept("image_folder", of, path, (len(files.names), math.prod(shape)), files.blocks)
    return own.dataset(found, rows, rows.rows, shape, "image", "bernoulli")


def _images(folder: Path) -> list[str]:
    """The image files in a folder and the folders in it, by their endings. BenchError where there is none."""
    known = {ending for ending, kind in Image.registered_extensions().items() if kind in FORMATS}
    found = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in known and path.is_file() and not path.name.startswith(".")
    )
    if not found:
        raise BenchError(f"source: {folder} has neither {TABLE} nor an image ({', '.join(FORMATS)})")
    return found


def _check_first(origin: Origin, column: str, held: Mapping[str, Column]) -> None:
    """BenchError where another column than the first is that of file names."""
    files = [n for n, cells in held.items() if isinstance(cells[0], str) and (origin.path.parent / cells[0]).is_file()]
    if files and column not in files:
        raise origin.wrong(
            f"column {column!r}, {origin.row(0)}: {str(held[column][0])!r} is no file in the table's folder; those of "
            f"column {files[0]!r} are: image_folder.image={files[0]}"
        )


def _file_names(origin: Origin, column: str, cells: Column) -> list[str]:
    """The names in a column, of files within the table's folder. BenchError for others, and where two are the same."""
    if (origin.path.parent / column).is_file():
        raise origin.wrong(f"its first line is no header: {column!r} is a file")
    rows: dict[str, int] = {}
    for row, cell in enumerate(cells):
        name = "" if cell is None else str(cell)
        where = f"column {column!r}, {origin.row(row)}"
        if not name:
            raise origin.wrong(f"{where}: is empty, expected the name of a file")
        plain = PurePosixPath(name)
        if plain.is_absolute() or ".." in plain.parts or "\\" in name or PureWindowsPath(name).drive:
            raise origin.wrong(f"{where}: {name!r}: expected a file within the table's folder, by a relative path")
        if (first := rows.setdefault(str(plain), row)) != row:
            raise origin.wrong(f"{where}: {name!r} is in {origin.row(first)} already")
    return list(rows)
