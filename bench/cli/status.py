"""`bench status`: how far a study is, once, again and again, or for a program."""

import time
from pathlib import Path
from typing import Any

import click
import msgspec

from bench.cli.options import PATH, folders_of
from bench.cli.progress import cells, duration, plural
from bench.errors import printable
from bench.execution.status import FolderStatus, status_of

EVERY = 5.0  # seconds between two looks


@click.command()
@click.argument("results", type=PATH, default=Path("results"))
@click.option("--watch", is_flag=True, help="Look again every few seconds, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a folder and line, for programs.")
def status(results: Path, watch: bool, as_json: bool) -> None:
    """What is done, running, failed or left behind in RESULTS, a study's folder or a folder of studies.

    Writes nothing.
    """
    while True:
        folders = [results] if _begun(results) else folders_of(results)
        if watch and not as_json:
            click.clear()
        for folder in folders:
            found = status_of(folder)
            lines = [stated(folder, found)] if as_json else told(folder, found)
            click.echo("\n".join(lines))
        if not watch:
            return
        time.sleep(EVERY)


def _begun(folder: Path) -> bool:
    """Whether a study has begun here, of which no run has ended yet."""
    return any((folder / name).is_dir() for name in (".leases", ".checkpoints"))


def told(folder: Path, found: FolderStatus) -> list[str]:
    """What there is in a folder, in lines for people."""
    lives, stale = ([r for r in found.running if r.lives == alive] for alive in (True, False))
    counts = ", ".join(f"{found.counts[name]} {name}" for name in ("done", "diverged", "failed"))
    lines = [f"{folder}: {counts}, {len(lives)} running, {len(stale)} stale, {len(found.damaged)} damaged"]
    if found.seconds_left is not None:
        lines.append(f"  {plural(found.left, 'run')} of the last command left: about {duration(found.seconds_left)}")
    for r in lives:
        where = f"{r.lease.host} process {r.lease.pid}" if r.lease else ""
        progress = ", ".join(word for word in cells(r.progress) if word)
        lines.append(f"  running {r.key} for {duration(r.seconds)} ({where}): {progress}")
    lines += [f"  stale {r.key}: its process is gone; the next run command takes it over" for r in stale]
    lines += [f"  {what}: {printable(reason)}" for what, reason in found.lost.items()]
    lines += [f"  damaged {key}: {printable(reason)}" for key, reason in found.damaged.items()]
    lines += [f"  moved aside: {name}" for name in found.aside]
    if found.kept:
        lines.append(f"  {plural(len(found.kept), 'training')} kept, to go on from")
    return lines


def stated(folder: Path, found: FolderStatus) -> str:
    """The same for a program: one JSON object."""
    content: dict[str, Any] = {"folder": str(folder), **found._asdict()}
    content["running"] = [r._asdict() for r in found.running]
    return msgspec.json.encode(content).decode()
