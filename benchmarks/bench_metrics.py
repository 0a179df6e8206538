"""What each metric costs: `python benchmarks/bench_metrics.py [name ...]`, half a minute, most of it DCI's.

CPU seconds on one core at default sizes, for ten dimensions that know the factors of dSprites, each leaking a little
into others. The table is the whole grid of 737,280 rows, the sample 15,000 rows drawn from it. Imports and compilation
are done before the clock starts, by a run on 600 rows. The two label-free measures are timed on 15,000 posteriors.

With --reference, ours against the same metric from scikit-learn (references.py), both on n_train rows and half as many
to test, and the first value of each; DCI on a tenth of the rows, since its reference takes six minutes on 10,000.
"""

import argparse
import importlib
import inspect
import pkgutil
import time
from collections.abc import Callable

import numpy as np
from references import REFERENCES
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


def compare(sample: Codes, chosen: list[str], n_train: int) -> None:
    """Ours and the reference in turn, in one run: the ratio is free of what else the machine does."""
    print(f"{'metric':<14}{'rows':>7}{'ours, s':>10}{'reference, s':>14}{'ratio':>8}{'ours':>9}{'reference':>11}")
    for name, reference in REFERENCES.items():
        if chosen and name not in chosen:
            continue
        metric, n = found()[name], n_train // 10 if name == "dci" else n_train
        sizes = {"n_train": n, "n_test": n // 2}
        known = {k: size for k, size in sizes.items() if k in inspect.signature(metric).parameters}
        values: list[float] = []

        def ours(metric: Metric = metric, known: dict[str, int] = known, values: list[float] = values) -> None:
            values.append(next(iter(metric(sample, np.random.default_rng(0), **known).values.values())))

        ours()
        a = seconds(ours)
        b = seconds(lambda: values.append(reference(sample, **sizes)))  # noqa: B023  # called at once
        print(f"{name:<14}{n:>7}{a:>10.3f}{b:>14.3f}{b / a:>8.1f}{values[1]:>9.4f}{values[2]:>11.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of metrics; by default all")
    parser.add_argument("--reference", action="store_true", help="compare with scikit-learn's")
    parser.add_argument("--rows", type=int, default=10_000, help="training rows of the comparison (10000)")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    table = grid(rng)
    rows = rng.integers(len(table.z), size=max(15_000, arguments.rows * 3 // 2))
    sample = Codes(table.z[rows], table.v[rows])
    if arguments.reference:
        compare(sample, arguments.names, arguments.rows)
    else:
        times(table, sample, arguments.names, rng)


def times(table: Codes, sample: Codes, chosen: list[str], rng: np.random.Generator) -> None:
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
        main()
