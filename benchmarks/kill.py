"""Kills a study with SIGKILL at random instants, fifty times, and compares what comes of it with an undisturbed one.

    python benchmarks/kill.py [KILLS] [FOLDER]

A kill hits a process that trains, the command, or all of them at once; every fifth waits until a run is being written.
After each, the store must hold whole runs only; at the end the same command finishes the study, and its CSV files equal
the undisturbed study's but for costs and environment. Prints a line a kill, and a summary.
"""

import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import psutil

from bench.store.store import Store

STUDY = """
run --quiet --methods vae,factorvae --seeds 15 --steps 300 --batch-size 16 --metrics mig,irs --lr 1e-3 --jobs 2
--checkpoint-every 0.5 --set small.width=0.25 --set factorvae.width=64 --set factorvae.gamma=10 --set mig.n_train=2000
"""
LONGEST = 12.0  # seconds from the start of a command to a kill


def begun(out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench", *STUDY.split(), "--out", str(out)], stdout=subprocess.DEVNULL
    )


def finished(out: Path) -> int:
    """Run the command until it says that all is done; how often that took."""
    for times in range(1, 6):
        if begun(out).wait() == 0:
            return times
    raise RuntimeError("the study does not finish")


def children(command: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(command.pid).children(recursive=True)
    except psutil.Error:
        return []


def kill(command: subprocess.Popen[bytes], whom: str, rng: random.Random) -> None:
    workers = children(command)
    chosen = {"command": [], "worker": workers and [rng.choice(workers)], "all": workers}[whom]
    if whom != "worker":
        command.kill()
    for process in chosen or []:
        with contextlib.suppress(psutil.Error):
            process.kill()


def being_written(out: Path, until: float) -> None:
    while time.monotonic() < until and not (out.is_dir() and any(out.glob(".writing-*"))):
        time.sleep(0.002)


def check(out: Path) -> int:
    """Every run is whole; how many there are."""
    store = Store(out)
    folders = [p.name for p in out.iterdir() if p.is_dir() and not p.name.startswith(".")] if out.is_dir() else []
    for key in folders:
        for name in store.manifest(key).files:
            store.read(key, name)
        store.record(key)
    return len(folders)


def report(out: Path, to: Path) -> dict[str, pd.DataFrame]:
    subprocess.run(
        [sys.executable, "-m", "bench", "report", str(out), "--out", str(to)], check=True, capture_output=True
    )
    tables = {p.name: pd.read_csv(p, dtype=str) for p in sorted((to / out.name).glob("*.csv"))}
    return {
        name: table[[c for c in table if not c.startswith(("cost.", "environment."))]].sort_values(list(table)[:6])
        for name, table in tables.items()
    }


def one_kill(out: Path, number: int, rng: random.Random) -> str:
    """Begin the command and kill; whom, or nobody where the study was finished first."""
    command = begun(out)
    until = time.monotonic() + rng.uniform(0.2, LONGEST)
    if number % 5 == 4:
        being_written(out, until + LONGEST)
    else:
        while time.monotonic() < until and command.poll() is None:
            time.sleep(0.01)
    if command.poll() is not None:
        return "nobody"
    whom = ("worker", "command", "all")[number % 3]
    kill(command, whom, rng)
    if whom == "worker":
        time.sleep(rng.uniform(0.2, LONGEST / 2))
        command.send_signal(signal.SIGTERM)
    command.wait()
    time.sleep(1.0)  # processes that train follow their parent within half a second
    return whom


def undisturbed(out: Path, to: Path, expected: dict[str, pd.DataFrame]) -> bool:
    """Finish the study; whether nothing tells that it was ever disturbed."""
    times = finished(out)
    found = report(out, to)
    differ = [
        name
        for name in expected.keys() | found.keys()
        if name not in expected
        or name not in found
        or not found[name].reset_index(drop=True).equals(expected[name].reset_index(drop=True))
    ]
    litter = [p.name for p in out.iterdir() if p.name.startswith((".writing", ".old", ".damaged"))]
    litter += [p.name for folder in (".leases", ".checkpoints") for p in (out / folder).iterdir()]
    print(
        f"finished by {times} command(s); CSV files that differ: {differ or 'none'}; left over: {litter or 'nothing'}"
    )
    return not differ and not litter


def main(kills: int, folder: Path) -> None:
    rng = random.Random(0)
    finished(folder / "undisturbed" / "study")
    expected = report(folder / "undisturbed" / "study", folder / "reports0")
    rounds, whole, hits = 0, True, Counter()
    while hits.total() < kills:
        rounds += 1
        out = folder / f"round{rounds}" / "study"
        while hits.total() < kills and (whom := one_kill(out, hits.total(), rng)) != "nobody":
            hits[whom] += 1
            print(f"kill {hits.total()} ({whom}): {check(out)} whole runs", flush=True)
        whole &= undisturbed(out, folder / f"reports{rounds}", expected)
    verdict = "all as undisturbed" if whole else "NOT as undisturbed"
    print(f"{hits.total()} kills {dict(hits)} in {rounds} round(s): {verdict}")
    sys.exit(not whole)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    if len(sys.argv) > 2:
        main(count, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(count, Path(temporary))
