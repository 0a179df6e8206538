"""`bench plan` and `bench status`: looking, before a study and while it is under way."""

import shutil
from pathlib import Path
from typing import Any

import click

from bench.cli.options import PLACE, STUDY, asked, left_out, means_of, options
from bench.cli.progress import cells, duration
from bench.errors import BenchError
from bench.execution.estimate import UPDATES, estimates, seconds_in_all, size
from bench.execution.job import Job, Means
from bench.execution.plan import plan as planned
from bench.execution.status import survey
from bench.store.store import Store


@click.command()
@options(STUDY, PLACE)
@click.option("--no-calibration", is_flag=True, help="Only count; takes no measurements.")
def plan(no_calibration: bool, **flags: Any) -> None:
    """What `run` would do with the same arguments: runs, time, memory, room. Writes nothing."""
    means = means_of(flags)
    wanted, specs, protocols, out, repeats = asked(flags)
    left = planned(specs, protocols, Store(out), repeats, threads=means.threads)
    at_once = means.processes
    click.echo(f"study {wanted.name}: {len(specs)} runs, results in {out}")
    click.echo(f"  {left.done} would be skipped: they are done, or diverged, which is final")
    click.echo(f"  {left.rescored} are trained and would be scored further")
    click.echo(f"  {len(left.jobs) - left.rescored} would be trained, {at_once} at once on {', '.join(means.devices)}")
    for line in left_out(wanted, protocols):
        click.echo(f"  {line}")
    for key, reason in left.damaged.items():
        click.echo(f"  {key} is damaged and would be moved aside and run again: {reason}")
    to_train = [job for job in left.jobs if not job.done]
    if to_train and not no_calibration:
        tell(to_train, means, out)


def tell(to_train: list[Job], means: Means, out: Path) -> None:
    """Time, memory and room of runs to train, from a calibration."""
    click.echo(f"calibration: {sum(UPDATES)} updates and a scoring of each method")
    try:
        found = estimates(to_train, means)
    except RuntimeError as error:
        raise BenchError(f"calibration: {str(error).strip().splitlines()[-1]}") from None
    for e in found:
        click.echo(
            f"  {e.method}: {e.runs} runs of about {duration(e.seconds)}, scoring included; {size(e.memory)} each"
        )
    click.echo(f"time: about {duration(seconds_in_all(found, means.processes))} for all")
    click.echo(f"memory: about {size(means.processes * max(e.memory for e in found))}")
    room = sum(e.runs * e.disk for e in found)
    there = next(folder for folder in (out, *out.resolve().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    click.echo(f"disk: about {size(room)} of the {size(free)} free" + (": NOT ENOUGH" if room > free else ""))


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
def status(results: Path) -> None:
    """What is done, running, failed or left behind in RESULTS, a study's folder. Writes nothing."""
    found = survey(results)
    lives = [r for r in found.running if r.lives]
    stale = [r for r in found.running if not r.lives]
    counts = ", ".join(f"{found.counts[name]} {name}" for name in ("done", "diverged", "failed"))
    click.echo(f"{results}: {counts}, {len(lives)} running, {len(stale)} stale, {len(found.damaged)} damaged")
    for r in lives:
        where = f"{r.lease.host} process {r.lease.pid}" if r.lease else ""
        told = ", ".join(word for word in cells(r.progress) if word)
        click.echo(f"  running {r.key} for {duration(r.seconds)} ({where}): {told}")
    for r in stale:
        click.echo(f"  stale {r.key}: its process is gone; the next run command takes it over")
    for key, reason in found.damaged.items():
        click.echo(f"  damaged {key}: {reason}")
    for name in found.aside:
        click.echo(f"  moved aside: {name}")
    if found.kept:
        click.echo(f"  {len(found.kept)} trainings kept, to go on from")
