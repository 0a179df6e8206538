"""What each metric costs: `python benchmarks/bench_metrics.py [name ...]`, half a minute, most of it DCI's.

CPU seconds on one core at default sizes, for ten dimensions that know the factors of dSprites, each leaking a little
into others. The table is the whole grid of 737,280 rows, the sample 15,000 rows drawn from it. Imports and compilation
are done before the clock starts, by a run on 600 rows. The two label-free measures are timed on 15,000 posteriors.
"""

import importlib
import inspect
import pkgutil
import sys
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

import metrics
from metrics._codes import Codes, Metric
from metrics._kl_decomposition import kl_decomposition
from metrics._udr import udr

SIZES = (3, 6, 40, 32, 32)


def grid(rng: np.random.Generator) -> Codes:
    v = np.stack(np.unravel_index(np.arange(np.prod(SIZES)), SIZES), axis=1)
    known = (v - v.mean(axis=0)) / v.std(axis=0)
    mixing = np.eye(5) + 0.25 * rng.standard_normal((5, 5)) * (rng.random((5, 5)) < 0.4)
    z = np.concatenate([np.tanh(0.8 * known @ mixing), np.zeros((len(v), 5))], axis=1)
    return Codes((z + 0.1 * rng.standard_normal(z.shape)).astype(np.float32), v)


def found() -> dict[str, Metric]:
    """The plugins: the modules of the package without a leading underscore, each with one function."""
    names = (m.name for m in pkgutil.iter_modules(metrics.__path__) if not m.name.startswith("_"))
    return {name: getattr(importlib.import_module(f"metrics.{name}"), name) for name in names}


def seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def show(name: str, rows: str, taken: float) -> None:
    print(f"{name:20} {rows:8} {taken:8.3f}", flush=True)


def score(metric: Metric, table: Codes, sample: Codes, rng: np.random.Generator) -> tuple[str, float]:
    """Which rows the metric takes, and the CPU seconds of scoring them."""
    first, _, *protocol = inspect.signature(metric).parameters
    codes = table if first == "table" else sample
    small = {name: n for name, n in {"n_train": 400, "n_test": 200}.items() if name in protocol}
    metric(Codes(sample.z[:600], sample.v[:600]), rng, **small)
    return first, seconds(lambda: metric(codes, rng))


def main(chosen: list[str]) -> None:
    rng = np.random.default_rng(0)
    table = grid(rng)
    rows = rng.integers(len(table.z), size=15_000)
    sample = Codes(table.z[rows], table.v[rows])
    print(f"{'metric':20} {'rows':8} {'CPU s':>8}")
    for name, metric in found().items():
        if not chosen or name in chosen:
            show(name, *score(metric, table, sample, rng))
    logvar = np.full_like(sample.z, -2)
    runs = [(sample.z @ np.linalg.qr(rng.standard_normal((10, 10)))[0], logvar) for _ in range(10)]
    label_free = {
        "kl_decomposition": lambda: kl_decomposition(sample.z, logvar, rng, population=len(table.z)),
        "udr of 10 runs": lambda: udr(runs),
    }
    for name, call in label_free.items():
        if not chosen or name in chosen:
            show(name, "sample", seconds(call))


if __name__ == "__main__":
    with threadpool_limits(1):
        main(sys.argv[1:])
