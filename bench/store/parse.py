"""From the bytes of a run's files to what they hold, once it is certain that they hold that: anyone may have made them.

Whatever is not what a run's file must be raises Damaged, with the reason. Nothing is unpickled, and nothing unfolds to
more than there are bytes for it.
"""

import csv
import io
import itertools
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from tokenize import TokenError
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from bench.spec import Record, Repeat, ScoreFile
from bench.store.files import Damaged, History

PIXELS = 2**26  # of a picture
VALUES = 2**20  # of a factor: what counts them has room for so many
MOST = 1e100  # of a number, as bench.spec has it
NAME = 1000  # characters of a name
FLOATS, INTEGERS = "f", "iu"  # kinds of numpy's types
POSTERIOR = {"mu": (2, FLOATS), "logvar": (2, FLOATS), "v": (2, INTEGERS), "index": (1, INTEGERS)}  # axes and kinds
NO_NPZ = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, MemoryError, NotImplementedError, OSError, OverflowError,
    RecursionError, RuntimeError, SyntaxError, TokenError, TypeError, ValueError,
)  # fmt: skip
NO_PICTURE = (EOFError, MemoryError, OSError, SyntaxError, TypeError, ValueError, struct.error, zlib.error)

T = TypeVar("T")
Arrays = dict[str, NDArray[Any]]


def decode(content: bytes, kind: type[T], where: str) -> T:
    """From JSON. Damaged where it is not that."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Damaged(f"{where}: {error}") from None


def record(content: bytes, key: str, where: str) -> Record:
    """The record of the run `key`."""
    found = decode(content, Record, where)
    if found.key != key or found.spec.key != key:
        raise Damaged(f"{where}: describes another run ({found.spec.key})")
    rows = found.evaluation.get("rows", 0)
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
        raise Damaged(f"{where}: evaluation: rows is {rows!r}; expected a number of rows")
    kl = found.diagnostics.get("kl_per_dimension")
    if kl is not None and not (isinstance(kl, list) and len(kl) == found.spec.z_dim):
        raise Damaged(f"{where}: kl_per_dimension is not a number for each of {found.spec.z_dim} dimensions")
    return found


def scores(files: Mapping[str, bytes]) -> list[ScoreFile]:
    """The scores of a run by protocol, from its files by where they lie."""
    found: dict[str, ScoreFile] = {}
    for where, content in files.items():
        file = decode(content, ScoreFile, where)
        if file.protocol in found:
            raise Damaged(f"{where}: {file.protocol} is scored in another file too")
        for repeat in file.repeats:
            _check(repeat, where)
        found[file.protocol] = file
    return list(found.values())


def _check(repeat: Repeat, where: str) -> None:
    """Damaged where what a metric gave per factor, or a matrix, has not the shape of such, or a number no bounds."""
    if len({len(several) for several in repeat.per_factor.values()}) > 1:
        raise Damaged(f"{where}: per_factor: not as many values of each name")
    for name, rows in repeat.matrices.items():
        if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
            raise Damaged(f"{where}: matrices: {name} is empty, or its rows are of different lengths")
    several = (repeat.values.values(), *repeat.per_factor.values(), *itertools.chain(*repeat.matrices.values()))
    if any(value is not None and abs(value) > MOST for value in itertools.chain(*several)):
        raise Damaged(f"{where}: a number beyond {MOST:g}")


def history(content: bytes, where: str) -> History:
    """Rows of a history; a cell that is empty is a column that the row does not have. Every row has its `step`."""
    try:
        rows = list(_rows(content.decode()))
    except (csv.Error, ValueError) as error:
        raise Damaged(f"{where}: {error}") from None
    if any(abs(value) > MOST and math.isfinite(value) for row in rows for value in row.values()):
        raise Damaged(f"{where}: a number beyond {MOST:g}")
    steps = [row.get("step", math.nan) for row in rows]
    if not rows or not all(0 <= step <= 2**53 for step in steps) or any(a >= b for a, b in itertools.pairwise(steps)):
        raise Damaged(f"{where}: expected rows with a growing number of updates in the column step")
    return rows


def _rows(text: str) -> Iterator[dict[str, float]]:
    rows = csv.reader(io.StringIO(text))
    names = next(rows, [])
    if len(set(names)) < len(names) or any(len(name) > NAME for name in names):
        raise ValueError("expected a line of names, each once")
    for row in rows:
        if any(len(cell) > NAME for cell in row):
            raise ValueError(f"a field of {max(map(len, row))} characters")
        if row:
            yield {name: float(cell) for name, cell in zip(names, row, strict=True) if cell != ""}


def posterior(content: bytes, run: Record, where: str) -> Arrays:
    """mu, logvar (N, D), v (N, K), index (N,) and, where some factors are continuous, numbers (N, K)."""
    found = arrays(content, where)
    expected = POSTERIOR | ({"numbers": (2, FLOATS)} if "numbers" in found else {})
    if found.keys() != expected.keys():
        raise Damaged(f"{where}: holds {', '.join(sorted(found))}; expected {', '.join(expected)}")
    for name, (axes, kinds) in expected.items():
        if found[name].ndim != axes or found[name].dtype.kind not in kinds:
            raise Damaged(f"{where}: {name} has shape {found[name].shape} and type {found[name].dtype}")
    mu, v = found["mu"], found["v"]
    shapes = {"logvar": mu.shape, "index": mu.shape[:1], "numbers": v.shape}
    wrong = [name for name, shape in shapes.items() if name in found and found[name].shape != shape]
    wrong += ["mu"] if mu.shape[1] != run.spec.z_dim or not len(mu) else []
    wrong += ["v"] if len(v) != len(mu) or v.shape[1] != (len(run.factors) or v.shape[1]) or not v.shape[1] else []
    if wrong:
        raise Damaged(f"{where}: the shapes of {', '.join(wrong)} are not those of the run's codes and factors")
    if v.min() < -1 or v.max() >= VALUES or not np.isfinite(mu).all() or np.isnan(found["logvar"]).any():
        raise Damaged(f"{where}: values that no codes or factors have")
    return found


def arrays(content: bytes, where: str) -> Arrays:
    """The arrays of an npz file. Damaged where it is none, or would unfold to more than it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unfolded = sum(member.file_size for member in archive.infolist())
            names = archive.namelist()
        if len(set(names)) < len(names):
            raise Damaged(f"{where}: an array stands twice in it")
        if unfolded > len(content):
            raise Damaged(f"{where}: {len(content)} bytes would unfold to {unfolded}")
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            return dict(found)
    except NO_NPZ as error:
        raise Damaged(f"{where}: {error}") from None


def weights(content: bytes, where: str) -> Arrays:
    """The tensors of a safetensors file, by name."""
    try:
        return dict(safetensors.load(content))
    except (SafetensorError, KeyError, MemoryError, OverflowError, TypeError, ValueError) as error:
        raise Damaged(f"{where}: {error}") from None


def picture(content: bytes, where: str) -> NDArray[np.uint8]:
    """A PNG image in greys (height, width) or colours (height, width, 3)."""
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))  # of PNG's first chunk
    if width * height > PIXELS:
        raise Damaged(f"{where}: a picture of {width} x {height} pixels")
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.mode not in ("L", "RGB"):
                raise Damaged(f"{where}: a picture of kind {image.mode}; expected L or RGB")
            return np.asarray(image)
    except NO_PICTURE as error:
        raise Damaged(f"{where}: {error}") from None
