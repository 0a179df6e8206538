"""What bf16 saves, and whether its scores are others.

    python benchmarks/precision.py price small locatello     # CPU time of an update
    python benchmarks/precision.py scores FP32 BF16          # two results folders, by seeds

`price`: two trainings of the VAE in one process and one thread, an update of each in turn, so that a machine that does
other work slows both; the ratio of CPU time is taken pair by pair. `scores`: of the same study run twice, the second
time with `--precision bf16`, settings are compared as `bench compare` does, seeds against seeds.
"""

import argparse
import dataclasses
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import torch
from trainings import training

from bench.cli.compare import told
from bench.report.comparison.outcomes import Outcome, of_runs
from bench.spec import setting_id
from bench.store.runs import Run
from bench.store.store import Store
from bench.training.process_memory import keep_freed_memory

WARM_UP = 5


def pairs(backbone: str, method: str, rounds: int) -> Iterator[tuple[float, float]]:
    """CPU seconds of an update in fp32 and of the next in bf16, without those that warm up."""
    members = [training(method, backbone, WARM_UP + rounds, precision=p) for p in ("fp32", "bf16")]
    for i in range(WARM_UP + rounds):
        taken = []
        for member in members:
            start = time.process_time()
            next(member)
            taken.append(time.process_time() - start)
        if i >= WARM_UP:
            yield taken[0], taken[1]


def price(backbones: list[str], method: str, rounds: int) -> None:
    """A line for each backbone."""
    torch.set_num_threads(1)
    keep_freed_memory()
    print(f"| {method} | fp32, ms | bf16, ms | fp32 / bf16: median [quartiles] of {rounds} pairs |")
    print("| --- | ---: | ---: | --- |")
    for backbone in backbones:
        taken = list(pairs(backbone, method, rounds))
        low, median, high = statistics.quantiles([full / half for full, half in taken], n=4)
        full, half = (1e3 * statistics.median(several) for several in zip(*taken, strict=True))
        print(f"| {backbone} | {full:.1f} | {half:.1f} | {median:.2f} [{low:.2f}, {high:.2f}] |", flush=True)


def outcomes(folder: Path) -> list[Outcome]:
    """The runs of a results folder, each by the setting that it would have in fp32."""
    store = Store(folder)
    records = list(store)
    runs = [Run(record, tuple(store.scores(record.key))) for record in records]
    specs = {record.key: msgspec.structs.replace(record.spec, precision=msgspec.UNSET) for record in records}
    return [dataclasses.replace(one, setting=setting_id(specs[one.key])) for one in of_runs(runs)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    priced = commands.add_parser("price")
    priced.add_argument("backbones", nargs="+")
    priced.add_argument("--method", default="vae")
    priced.add_argument("--rounds", type=int, default=100)
    scored = commands.add_parser("scores")
    scored.add_argument("folders", nargs=2, type=Path)
    given = parser.parse_args()
    if given.what == "price":
        price(given.backbones, given.method, given.rounds)
    else:
        a, b = map(outcomes, given.folders)
        told(a, b, {})


if __name__ == "__main__":
    main()
