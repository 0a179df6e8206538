"""`bench plan`: what a study would take."""

import itertools
import math
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from bench.cli.help import Sections
from bench.cli.options import PLACE, STUDY, asked, check_precisions, config_of, left_out, options
from bench.cli.progress import describe, duration, plural
from bench.datasets import unmade
from bench.errors import BenchError, printable
from bench.execution.estimate import LOAD, estimates, seconds_in_all, size
from bench.execution.job import ExecutionConfig, Job
from bench.execution.plan import Plan
from bench.execution.plan import plan as planned
from bench.spec import RunSpec, setting_id
from bench.store.store import Store

EXAMPLE = "For example: bench plan --methods vae,betavae --betas 4,16 --seeds 5"
FATES = ("done", "to train", "to score further")


@click.command(cls=Sections, epilog=EXAMPLE)
@options(STUDY, PLACE)
@click.option("--no-calibration", is_flag=True, help="Only count; takes no measurements.")
@click.option("--print-config", is_flag=True, help="Only print the study, whole, as TOML that --study reads.")
def plan(no_calibration: bool, print_config: bool, **flags: Any) -> None:
    """What `run` would do with the same arguments: settings, seeds, time, memory, room. Writes nothing."""
    config = config_of(flags)
    wanted, specs, protocols, out, repeats = asked(flags)
    if print_config:
        from bench.study.resolved import toml  # imports torch, which other commands do without

        click.echo(toml(wanted), nl=False)
        return
    check_precisions(specs, config)
    left = planned(specs, protocols, Store(out), repeats, threads=config.threads, reproducible=config.reproducible)
    at_once = config.processes
    click.echo(f"study {wanted.name}: {plural(len(specs), 'run')}, results in {out}")
    click.echo(f"  {left.done} would be skipped: they are done, or diverged, which is final")
    click.echo(f"  {left.rescored} are trained and would be scored further")
    click.echo(f"  {len(left.jobs) - left.rescored} would be trained, {at_once} at once on {', '.join(config.devices)}")
    for line in left_out(wanted, protocols):
        click.echo(f"  {line}")
    for key, reason in left.damaged.items():
        click.echo(f"  {key} is damaged and would be moved aside and run again: {printable(reason)}")
    for line in settings_of(specs, left):
        click.echo(f"  {line}")
    to_train = [job for job in left.jobs if not job.done]
    if to_train and (rows := unmade(specs[0].dataset)) is not None:
        room = size(math.prod(rows.recipe.shape))
        click.echo(f"  {wanted.dataset} would be rendered before that: {room} in the cache")
        click.echo("  a calibration renders what it asks for: its times are rather too long, on a GPU much too long")
    if to_train and not no_calibration:
        tell(to_train, config, at_once, out)


def settings_of(specs: Sequence[RunSpec], left: Plan) -> list[str]:
    """A line for each setting: its seeds, by what would happen to them."""
    fates = {job.spec.key: "to score further" if job.done else "to train" for job in left.jobs}
    seeds: dict[str, dict[str, list[int]]] = {}
    names = {setting_id(spec): describe(spec).removesuffix(f" seed={spec.seed}") for spec in specs}
    several = {name for name, n in Counter(names.values()).items() if n > 1}  # told apart by z_dim or the backbone
    for spec in specs:
        setting = setting_id(spec)
        seeds.setdefault(setting, {}).setdefault(fates.get(spec.key, "done"), []).append(spec.seed)
        if names[setting] in several:
            backbone = " ".join(f"{name}={value}" for name, value in spec.backbone_params.items())
            names[setting] += f" z_dim={spec.z_dim} {backbone}".rstrip()
    rows = [["setting", "seeds", *FATES]]
    for setting, by_fate in seeds.items():
        every = [seed for some in by_fate.values() for seed in some]
        rows.append([names[setting], *(ranges(some) for some in (every, *(by_fate.get(fate, []) for fate in FATES)))])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def ranges(seeds: Iterable[int]) -> str:
    """Seeds in short, for example `0-4,7`; `-` for none."""
    ordered = sorted(seeds)
    runs = [list(run) for _, run in itertools.groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])]
    ends = [(run[0][1], run[-1][1]) for run in runs]
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ends) or "-"


def tell(to_train: list[Job], config: ExecutionConfig, at_once: int, out: Path) -> None:
    """Time, memory and room of runs to train, of runs that are there or else from a calibration."""
    try:
        found = estimates(to_train, config, Store(out), lambda line: click.echo(line, err=True))
    except RuntimeError as error:
        raise BenchError(f"calibration: {str(error).strip().splitlines()[-1]}") from None
    for e in found:
        seconds = between(e.least, LOAD * e.most)
        click.echo(f"  {e.method}: {plural(e.runs, 'run')} of {seconds}, {size(e.memory)} each (from {e.basis})")
    least = seconds_in_all([(e.runs, e.least) for e in found], at_once)
    most = seconds_in_all([(e.runs, LOAD * e.most) for e in found], at_once)
    click.echo(f"time: {between(least, most)} for all: from the least seen to {LOAD:g} times the most, for load")
    click.echo(f"memory: about {size(at_once * max(e.memory for e in found))}")
    room = sum(e.runs * e.disk for e in found)
    there = next(folder for folder in (out, *out.resolve().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    click.echo(f"disk: about {size(room)} of the {size(free)} free" + (": NOT ENOUGH" if room > free else ""))


def between(least: float, most: float) -> str:
    """A range of seconds, for example `45 s to 12 min`."""
    low, high = duration(least), duration(most)
    return low if low == high else f"{low} to {high}"
