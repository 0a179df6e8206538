"""Files of a user's own, for tests of their loaders."""

import csv

import numpy as np
import pytest
from PIL import Image

from bench.errors import BenchError


def write_csv(path, columns, delimiter=","):
    """Write columns by name, None as an empty cell."""
    with path.open("w", newline="") as file:
        lines = csv.writer(file, delimiter=delimiter)
        lines.writerow(columns)
        lines.writerows(zip(*columns.values(), strict=True))
    return path


def squares(folder, n=24, side=32, mode="L"):
    """A folder of n images of a square with factors.csv: column 0 to 3, row 0 to 2, shade dark or light."""
    folder.mkdir(exist_ok=True)
    v = np.stack(np.unravel_index(np.arange(n) % 24, (4, 3, 2)), axis=1)
    for i, (x, y, light) in enumerate(v):
        pixels = np.zeros((side, side), np.uint8)
        pixels[8 * y + 2 : 8 * y + 10, 6 * x + 2 : 6 * x + 10] = 255 if light else 128
        Image.fromarray(pixels).convert(mode).save(folder / f"{i:03}.png")
    write_csv(
        folder / "factors.csv",
        {
            "file": [f"{i:03}.png" for i in range(n)],
            "column": v[:, 0],
            "row": v[:, 1],
            "shade": np.where(v[:, 2], "light", "dark"),
        },
    )
    return folder


def refused(load, path, **arguments):
    """The one line with which a source is refused, after the file's name."""
    with pytest.raises(BenchError) as caught:
        load(source=path, **arguments)
    line = str(caught.value)
    assert "\n" not in line
    return line
