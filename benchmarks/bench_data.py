"""How long the sprite data sets take to make, open and draw from: `python benchmarks/bench_data.py`, about 10 s.

Writes a cache of 360 MiB to a temporary directory and removes it. Opening is timed in this process, after the first
call has imported everything; of repeated calls the median is shown.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.data._base import FactorDataset
from bench.data.dsprites import SCENE, dsprites
from bench.data.sprites32 import sprites32
from bench.datasets import data_spec, load_dataset


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Median seconds of a call."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def draw(data: FactorDataset, size: int) -> Callable[[], object]:
    """A call that draws a batch of `size` observations at random, a new one each time."""
    rng = np.random.default_rng(0)
    return lambda: data.x(rng.integers(0, len(data), size))


def made() -> None:
    """dSprites in the cache."""
    load_dataset(data_spec("dsprites", {}))


def render() -> None:
    for _ in SCENE.blocks():
        pass


def measure(cache: Path) -> dict[str, float]:
    """Seconds by what was done; `cache` is empty before and holds dSprites after."""
    rows = {
        "dsprites: render all": seconds(render, 1),
        "dsprites: render, hash, write, sync": seconds(made, 1),
        "dsprites: open": seconds(dsprites, 5),
    }
    for seal in cache.glob("*.seal.json"):
        seal.unlink()
    rows["dsprites: open without a seal, hash"] = seconds(made, 1)
    rows["sprites32: build"] = seconds(sprites32, 5)
    for data, name in ((dsprites(), "dsprites"), (sprites32(), "sprites32")):
        for size in (64, 1024):
            rows[f"{name}: draw {size} at random"] = seconds(draw(data, size), 50)
    return rows


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BENCH_CACHE"] = folder
        for name, value in measure(Path(folder)).items():
            print(f"{name:<40}{1000 * value:>10.2f} ms")


if __name__ == "__main__":
    main()
