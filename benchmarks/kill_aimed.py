"""Kills every other command that writes, with SIGKILL at random instants, and compares what comes of it.

    python benchmarks/kill_aimed.py [KILLS] [COMMAND ...]

Each command (search, baselines, report, merge, score, fetch) is first left alone. Then it is killed so many times, each
time on a fresh copy of what it works on, half of the kills in the last fifth of its time, where it writes. After each
what is there must be whole; then the same command ends what it began, and its outcome is the undisturbed one's.
"""

import contextlib
import functools
import hashlib
import http.server
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil

from bench.store.searches import read
from bench.store.store import Store

RUNS = """
run --quiet --methods vae,betavae --seeds 2 --steps 60 --batch-size 16 --metrics mig,irs --jobs 2
--set small.width=0.25 --set betavae.beta=4 --set mig.n_train=2000
"""
SEARCH = """
search --quiet --methods betavae --trials 3 --seeds-per-trial 1 --confirm 1 --steps 60 --batch-size 16 --metrics mig
--jobs 1 --set small.width=0.25 --set mig.n_train=2000 --sampler random
"""
FETCH = """
import sys
from bench.data._files.about import About, File
from bench.data._files.fetch import fetch
file = File({name!r}, "", "md5:{md5}", {size})
fetch("thing", About("", 1, (), (), (1, 1, 1), "", "", files=(file,)), {mirror!r})
"""
BYTES = 30_000_000  # of the file to fetch
BENCH = [sys.executable, "-m", "bench"]


class Aim(NamedTuple):
    """A command in a folder; what must hold after a kill; what must be the same in the end, whatever was killed."""

    command: Callable[[Path], list[str]]
    check: Callable[[Path], None]
    outcome: Callable[[Path], object]


def tree(folder: Path) -> dict[str, str]:
    """The sha256 of every file, but what is written aside."""
    files = [p for p in folder.rglob("*") if p.is_file() and ".writing-" not in str(p) and ".old-" not in str(p)]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def numbers(folder: Path) -> dict[str, object]:
    """By run, all that is no cost and no place."""
    store = Store(folder)
    found: dict[str, object] = {}
    for record in store:
        scores = [(s.protocol, [r.values for r in s.repeats]) for s in store.scores(record.key)]
        found[record.key] = (record.status, record.terms, record.diagnostics, scores)
    return found


def whole(folder: Path) -> None:
    """Every run's files are what they must be."""
    store = Store(folder)
    for key in store.keys():  # noqa: SIM118  # not a mapping
        store.check(key)


def searched(folder: Path) -> object:
    """What a search has come to, and its runs."""
    return [(s.name, s.trials, s.chosen, s.confirmed) for s in read(folder / "search")], numbers(folder / "search")


def old_or_new(folder: Path) -> None:
    """The report is the one that was there before, or the new one."""
    found = tree(folder / "reports" / "study")
    if found not in (tree(folder / "old"), tree(folder / "new")):
        raise RuntimeError("half a report")


def whole_or_none(folder: Path) -> None:
    """Nothing, or every run of both folders."""
    if (folder / "both").exists() and len(Store(folder / "both").keys()) != len(Store(folder / "study").keys()):
        raise RuntimeError("half a merge")


def fetched(folder: Path) -> None:
    """Nothing, or the published file."""
    path = folder / "cache" / "originals" / "thing" / "thing.bin"
    if path.exists() and path.stat().st_size != BYTES:
        raise RuntimeError("half a file")


def aims(mirror: str, md5: str) -> dict[str, Aim]:
    """By command."""
    get = FETCH.format(name="thing.bin", md5=md5, size=BYTES, mirror=mirror)

    def of(*words: str) -> Callable[[Path], list[str]]:
        return lambda folder: [*BENCH, *(word.replace("@", f"{folder}/") for word in words)]

    scored = of("score", "--runs", "@study", "--metrics", "sap,modularity", "--jobs", "1")
    return {
        "search": Aim(of(*SEARCH.split(), "--out", "@search"), lambda f: whole(f / "search"), searched),
        "baselines": Aim(
            of("baselines", "@study", "--only", "chance,pca,ceiling", "--seeds", "2", "--jobs", "1"),
            lambda f: whole(f / "study"),
            lambda f: numbers(f / "study"),
        ),
        "report": Aim(of("report", "@study", "--out", "@reports"), old_or_new, lambda f: tree(f / "reports")),
        "merge": Aim(of("merge", "@study", "@part", "--out", "@both"), whole_or_none, lambda f: tree(f / "both")),
        "score": Aim(scored, lambda f: whole(f / "study"), lambda f: numbers(f / "study")),
        "fetch": Aim(
            lambda folder: [sys.executable, "-c", get], fetched, lambda f: tree(f / "cache" / "originals" / "thing")
        ),
    }


def begun(aim: Aim, folder: Path) -> subprocess.Popen[bytes]:
    environment = {**psutil.Process().environ(), "BENCH_CACHE": str(folder / "cache")}
    return subprocess.Popen(aim.command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)


def ended(aim: Aim, folder: Path) -> None:
    """The command, to its end."""
    _, error = (command := begun(aim, folder)).communicate()
    if command.returncode:
        raise RuntimeError(f"exit code {command.returncode}: {error.decode()[-2000:]}")


def killed(aim: Aim, folder: Path, after: float) -> bool:
    """Whether the command was still at work when it, and all that it had begun, were killed."""
    command = begun(aim, folder)
    until = time.monotonic() + after
    while time.monotonic() < until and command.poll() is None:
        time.sleep(0.005)
    alive = command.poll() is None
    if alive:
        family = [*psutil.Process(command.pid).children(recursive=True), psutil.Process(command.pid)]
        for process in family:
            process.kill()
    command.communicate()
    return alive


def prepared(folder: Path) -> None:
    """A study, a part of it, and an older report of that part in the place of the new one's."""
    subprocess.run([*BENCH, *RUNS.split(), "--out", str(folder / "study")], check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(folder / "study", folder / "part")
    shutil.rmtree(folder / "part" / Store(folder / "part").keys()[0])
    for name, place in (("part", "old"), ("study", "new")):
        report = [*BENCH, "report", str(folder / name), "--out", str(folder / "made")]
        subprocess.run(report, check=True, stdout=subprocess.DEVNULL)
        shutil.move(folder / "made" / name, folder / place)
    shutil.copytree(folder / "old", folder / "reports" / "study")


def disturbed(name: str, aim: Aim, base: Path, kills: int, rng: random.Random) -> None:
    """Kill a command so many times; RuntimeError where that shows."""
    for alone in (base.with_name(f"{name} first"), base.with_name(f"{name} alone")):  # the first fills caches
        shutil.copytree(base, alone)
        start = time.monotonic()
        ended(aim, alone)
    seconds, expected, hits = time.monotonic() - start, aim.outcome(alone), 0
    for n in range(kills):
        folder = base.with_name(f"{name} {n}")
        shutil.copytree(base, folder)
        hits += killed(aim, folder, seconds * (rng.uniform(0.8, 1.0) if n % 2 else rng.uniform(0.1, 1.0)))
        aim.check(folder)
        if aim.outcome(folder) != expected:  # else it was killed when all was done
            ended(aim, folder)
        if aim.outcome(folder) != expected:
            raise RuntimeError(f"{name}: not as undisturbed: {folder}")
        shutil.rmtree(folder)
    print(f"{name}: {hits} of {kills} kills hit ({seconds:.1f} s a command): all as undisturbed", flush=True)


class Slowly(http.server.SimpleHTTPRequestHandler):
    """Serves a file in pieces, so that there is time to kill whoever fetches it; from where it is asked for."""

    def do_GET(self) -> None:  # the name that http.server calls
        content = Path(self.directory, "thing.bin").read_bytes()
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # whoever fetches it is killed
            for at in range(start, len(content), 2**20):
                self.wfile.write(content[at : at + 2**20])
                time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main(kills: int, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder, rng = Path(temporary), random.Random(0)
        content = rng.randbytes(BYTES)
        (folder / "thing.bin").write_bytes(content)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Slowly, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        prepared(folder / "base")
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        for name, aim in aims(f"http://127.0.0.1:{server.server_port}", md5).items():
            if not names or name in names:
                disturbed(name, aim, folder / "base", kills, rng)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2:])
