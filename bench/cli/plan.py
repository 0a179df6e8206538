"""`bench plan`: what a study would take."""

import shutil
from pathlib import Path
from typing import Any

import click

from bench.cli.help import Sections
from bench.cli.options import PLACE, STUDY, asked, left_out, means_of, options
from bench.cli.progress import duration
from bench.errors import BenchError, printable
from bench.execution.estimate import UPDATES, estimates, seconds_in_all, size
from bench.execution.job import Job, Means
from bench.execution.plan import plan as planned
from bench.store.store import Store

EXAMPLE = "For example: bench plan --methods vae,betavae --betas 4,16 --seeds 5"


@click.command(cls=Sections, epilog=EXAMPLE)
@options(STUDY, PLACE)
@click.option("--no-calibration", is_flag=True, help="Only count; takes no measurements.")
def plan(no_calibration: bool, **flags: Any) -> None:
    """What `run` would do with the same arguments: runs, time, memory, room. Writes nothing."""
    means = means_of(flags)
    wanted, specs, protocols, out, repeats = asked(flags)
    left = planned(specs, protocols, Store(out), repeats, threads=means.threads, reproducible=means.reproducible)
    at_once = means.processes
    click.echo(f"study {wanted.name}: {len(specs)} runs, results in {out}")
    click.echo(f"  {left.done} would be skipped: they are done, or diverged, which is final")
    click.echo(f"  {left.rescored} are trained and would be scored further")
    click.echo(f"  {len(left.jobs) - left.rescored} would be trained, {at_once} at once on {', '.join(means.devices)}")
    for line in left_out(wanted, protocols):
        click.echo(f"  {line}")
    for key, reason in left.damaged.items():
        click.echo(f"  {key} is damaged and would be moved aside and run again: {printable(reason)}")
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
