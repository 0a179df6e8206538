"""DCI by this package's trees and by scikit-learn's, in CPU seconds of one thread, on codes like a trained model's.

OMP_NUM_THREADS=1 python benchmarks/bench_dci.py             # the default size: six minutes or more
OMP_NUM_THREADS=1 python benchmarks/bench_dci.py --rows 2000
"""

import argparse
import time

import numpy as np

from metrics._codes import Codes
from metrics.dci import dci

SIZES = (3, 6, 40, 32, 32)  # dSprites: shape, scale, orientation, x, y


def codes(rows: int, seed: int) -> Codes:
    """Ten codes: five that follow a factor each, and a little of the others; five of noise."""
    rng = np.random.default_rng(seed)
    v = rng.integers(0, SIZES, (rows, len(SIZES)))
    standard = (v - v.mean(axis=0)) / v.std(axis=0)
    mixing = np.eye(len(SIZES)) + 0.1 * rng.standard_normal((len(SIZES), len(SIZES)))
    z = np.concatenate([np.tanh(standard @ mixing), np.zeros_like(standard)], axis=1)
    return Codes((z + 0.1 * rng.standard_normal(z.shape)).astype(np.float32), v)


def measure(sample: Codes, probe: str, n_train: int) -> tuple[float, dict[str, float]]:
    start = time.process_time()
    scores = dci(sample, np.random.default_rng(0), n_train=n_train, n_test=n_train // 2, probe=probe)
    return time.process_time() - start, scores.values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="training rows; half as many test rows (10000)")
    rows = parser.parse_args().rows
    sample = codes(rows + rows // 2, seed=0)
    measure(codes(150, seed=0), "trees", 100)  # loads or compiles the machine code
    table = {probe: measure(sample, probe, rows) for probe in ("trees", "reference")}
    print(f"{rows} training rows, {sample.z.shape[1]} codes, factors of {SIZES} values\n")
    print(f"{'probe':<12}{'CPU s':>8}  disentanglement  completeness  informativeness")
    for probe, (seconds, values) in table.items():
        print(f"{probe:<12}{seconds:>8.1f}" + "{:>17.4f}{:>14.4f}{:>17.4f}".format(*values.values()))
    print(f"\nratio: {table['reference'][0] / table['trees'][0]:.1f}")


if __name__ == "__main__":
    main()
