"""Images per CPU second of the suite's training loop against a bare hand-written one, side by side.

    python benchmarks/bench_train.py [small locatello guide] [--rounds 5] [--updates 100]

Each measurement is a fresh process with one thread; the two loops take turns, and the ratio is taken round by round,
so that a machine whose speed drifts does not favour either. The bare loop is what one would write by hand: the same
network in channels-last layout, ReLUs, `nn.ConvTranspose2d`, `loss.backward()`, Adam, floats in memory.
"""

import argparse
import statistics
import subprocess
import sys
import time
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

BATCH, WARM_UP = 64, 10
NETWORKS = {  # encoder channels, their kernels, dense layers, decoder channels, side of the last feature map
    "small": ((1, 16, 16, 32), (4, 4, 4), (128,), (32, 16, 16, 1), 4),
    "locatello": ((1, 32, 32, 64, 64), (4, 4, 2, 2), (256,), (64, 64, 32, 32, 1), 4),
    "guide": ((1, 32, 64, 128, 256), (4, 4, 4, 4), (), (256, 128, 64, 32, 1), 4),
}


def bare_networks(name: str) -> tuple[nn.Module, nn.Module]:
    channels, kernels, dense, back, side = NETWORKS[name]
    features, units = channels[-1] * side**2, (*dense, 20)
    encoder: list[nn.Module] = []
    for i, o, k in zip(channels, channels[1:], kernels, strict=False):
        encoder += [nn.Conv2d(i, o, k, stride=2, padding=1 if k == 4 else 0), nn.ReLU()]
    encoder.append(nn.Flatten())
    for i, o in zip((features, *units), units, strict=False):
        encoder += [nn.Linear(i, o), nn.ReLU()]
    decoder: list[nn.Module] = []
    for i, o in zip((10, *dense), (*dense, features), strict=True):
        decoder += [nn.Linear(i, o), nn.ReLU()]
    decoder.append(nn.Unflatten(1, (back[0], side, side)))
    for i, o in pairwise(back):
        decoder += [nn.ConvTranspose2d(i, o, 4, stride=2, padding=1), nn.ReLU()]
    return nn.Sequential(*encoder[:-1]), nn.Sequential(*decoder[:-1])


def bare(name: str, updates: int) -> float:
    """CPU seconds that a bare VAE takes for `updates` updates."""
    encoder, decoder = (n.to(memory_format=torch.channels_last) for n in bare_networks(name))
    side = 32 if name == "small" else 64
    images = (torch.rand(20_000, 1, side, side) > 0.9).float()
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-4)
    for update in range(WARM_UP + updates):
        if update == WARM_UP:
            start = time.process_time()
        x = images[torch.randint(len(images), (BATCH,))].contiguous(memory_format=torch.channels_last)
        mu, logvar = encoder(x).chunk(2, dim=1)
        z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
        recon = F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") / BATCH
        loss = recon + 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(dim=1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return time.process_time() - start


def house(name: str, updates: int) -> float:
    """CPU seconds that the suite's own loop takes for the same, data set included."""
    from trainings import training

    from bench.training.process_memory import keep_freed_memory

    keep_freed_memory()
    member = training("vae", name, WARM_UP + updates, 50)
    for _ in range(WARM_UP):
        next(member)
    start = time.process_time()
    for _ in member:
        pass
    return time.process_time() - start


LOOPS = {"bare": bare, "house": house}


def measure(loop: str, name: str, updates: int) -> float:
    command = [sys.executable, __file__, name, "--updates", str(updates), "--loop", loop]
    return updates * BATCH / float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(NETWORKS), metavar="backbone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--loop", choices=LOOPS, help="one measurement in this process")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.loop:
        print(LOOPS[arguments.loop](arguments.names[0], arguments.updates))
        return
    print("| backbone | bare, images/s | suite, images/s | suite / bare: median (min to max) |")
    print("| --- | --- | --- | --- |")
    for name in arguments.names:
        rounds = [[measure(loop, name, arguments.updates) for loop in LOOPS] for _ in range(arguments.rounds)]
        slow, fast = (statistics.median(speeds) for speeds in zip(*rounds, strict=True))
        low, *_, high = ratios = sorted(suite / bare for bare, suite in rounds)
        print(f"| {name} | {slow:.0f} | {fast:.0f} | {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f}) |")


if __name__ == "__main__":
    main()
