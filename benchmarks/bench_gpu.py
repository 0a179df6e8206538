"""What a GPU does with one training, and with many at once: `python benchmarks/bench_gpu.py vae factorvae`.

On dSprites with the backbone locatello and batches of 64. First the milliseconds of an update, as it is asked for and
replayed; then, for 1, 4, 8, 16 and 32 trainings at once, the updates a second of all together, and how many times those
of one training alone that is:

    turns      in one process, an update of each in turn, one after another
    streams    the same, each on a stream of its own
    processes  each in a process of its own

No GPU has run the second table: on a processor (--device cpu, for the tests) it says nothing of one.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

import torch
from trainings import training

from bench import plugins
from bench.training.loop import Updates, in_turns

UPDATES = 1000
RUNS = "1,4,8,16,32"
WAYS = ("turns", "streams", "processes")


def milliseconds(name: str, replayed: bool, given: argparse.Namespace) -> float:
    """Of an update, over so many of them after as many that warm up."""
    method = plugins.load("method", name)
    before = method.uses_step
    method.uses_step = before or not replayed
    seconds = timed(warm([member(name, 0, given)], given.updates))
    method.uses_step = before
    return 1e3 * seconds / given.updates


def member(name: str, seed: int, given: argparse.Namespace) -> Updates:
    """A training whose history has a row, for which it waits, when it is warm and at its end."""
    return training(name, given.backbone, 2 * given.updates, given.updates, seed=seed, device=given.device)


def warm(members: Sequence[Updates], updates: int) -> Sequence[Updates]:
    """The same, after so many updates of each."""
    for one in members:
        for _ in range(updates):
            next(one)
    return members


def timed(members: Sequence[Updates]) -> float:
    """Seconds until all have ended."""
    start = time.perf_counter()
    for end in in_turns(members):
        if isinstance(end, Exception):
            raise end
    return time.perf_counter() - start


def on_stream(one: Updates, stream: torch.cuda.Stream | None) -> Updates:
    """The training, each of its updates on this stream; None: where it is."""
    while True:
        with torch.cuda.stream(stream):
            try:
                done = next(one)
            except StopIteration as end:
                return end.value
        yield done


def seconds(name: str, way: str, runs: int, given: argparse.Namespace) -> float:
    """Of as many updates of each of so many trainings, which are warm."""
    if way == "processes":
        return in_processes(name, runs, given)
    members = [member(name, seed, given) for seed in range(runs)]
    if way == "streams":
        members = [on_stream(one, torch.cuda.Stream() if given.device == "cuda" else None) for one in members]
    return timed(warm(members, given.updates))


def in_processes(name: str, runs: int, given: argparse.Namespace) -> float:
    """The same, each in a process of its own; they begin when all are warm."""
    how = ["--updates", str(given.updates), "--backbone", given.backbone, "--device", given.device]
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, __file__, name, *how, "--alone", str(seed)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                )
            )
            for seed in range(runs)
        ]  # fmt: skip
        start = 0.0
        for word in ("warm", "done"):
            for child in children:
                if child.stdout.readline() != f"{word}\n":
                    raise RuntimeError(f"{name}: a process ended before it was {word}")
            start = start or time.perf_counter()
            for child in children:
                child.stdin.write("go\n"), child.stdin.flush()
        return time.perf_counter() - start


def alone(name: str, given: argparse.Namespace) -> None:
    """One of these processes: says when it is warm, waits for a word, says when it is done."""
    members = warm([member(name, given.alone, given)], given.updates)
    print("warm", flush=True)
    sys.stdin.readline()
    timed(members)
    print("done", flush=True)
    sys.stdin.readline()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("methods", nargs="+")
    parser.add_argument("--updates", type=int, default=UPDATES)
    parser.add_argument("--runs", default=RUNS)
    parser.add_argument("--backbone", default="locatello")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch finds no GPU here")
    if given.alone is not None:
        return alone(given.methods[0], given)
    print(torch.cuda.get_device_name() if given.device == "cuda" else "a processor")
    for name in given.methods:
        replayed, asked = (milliseconds(name, way, given) for way in (True, False))
        print(
            f"{name}: {asked:.2f} ms as it is asked for, {replayed:.2f} replayed, {asked / replayed:.1f} times as fast"
        )
    print(f"| method | runs | {' | '.join(WAYS)} |\n| --- | ---: |{' --- |' * len(WAYS)}")
    for name in given.methods:
        one = given.updates / seconds(name, "turns", 1, given)
        for runs in map(int, given.runs.split(",")):
            rates = [runs * given.updates / seconds(name, way, runs, given) for way in WAYS]
            print(f"| {name} | {runs} | {' | '.join(f'{rate:.0f} ({rate / one:.2f})' for rate in rates)} |", flush=True)


if __name__ == "__main__":
    main()
