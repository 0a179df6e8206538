"""Milliseconds an update on a GPU, as it is asked for and replayed: `python benchmarks/bench_gpu.py vae factorvae`.

On dSprites with the backbone locatello and batches of 64. Several of these at once tell what sharing a GPU gives.
"""

import argparse
import time

import torch

from bench import plugins
from bench.datasets import data_spec, load_dataset
from bench.spec import RunSpec
from bench.training.batches import Batches
from bench.training.build import build
from bench.training.loop import train

UPDATES = 2000


def milliseconds(name: str, replayed: bool, updates: int) -> float:
    """Of an update, over so many of them after a training of as many that warms up."""
    data, device = data_spec("dsprites", {}), torch.device("cuda")
    dataset = load_dataset(data)
    spec = RunSpec(
        dataset=data, method=name, params=plugins.resolve("method", name, {}), backbone="locatello",
        backbone_params=plugins.resolve("backbone", "locatello", {}), likelihood="bernoulli", z_dim=10, batch_size=64,
        steps=updates, lr=1e-4, seed=0,
    )  # fmt: skip
    method = build(spec, dataset.shape).to(device)
    type(method).uses_step = type(method).uses_step or not replayed
    batches = Batches(dataset, spec, method.draws, device)
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        train(method, batches, spec, torch.Generator(device).manual_seed(0), log_every=updates)  # its row waits
        taken.append(time.perf_counter() - start)
    return 1e3 * taken[-1] / updates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="+")
    parser.add_argument("--updates", type=int, default=UPDATES)
    given = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("torch finds no GPU here")
    print(torch.cuda.get_device_name())
    for name in given.methods:
        replayed, asked = (milliseconds(name, way, given.updates) for way in (True, False))
        print(
            f"{name}: {asked:.2f} ms as it is asked for, {replayed:.2f} replayed, {asked / replayed:.1f} times as fast"
        )


if __name__ == "__main__":
    main()
