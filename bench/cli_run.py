"""`bench run` at the terminal, and what it shares with other commands that plan or carry out runs."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.errors import BenchError
from bench.flags import altered

if TYPE_CHECKING:
    from bench.job import Job, Means, Result
    from bench.protocol import Protocol
    from bench.spec import RunSpec
    from bench.store import Store
    from bench.study import Study

SETUP = (
    click.option("--study", default="quick", show_default=True, help="A shipped study by name, or a TOML file."),
    click.option("--methods", help="Comma-separated, for example betavae,factorvae."),
    click.option("--set", "settings", multiple=True, metavar="PLUGIN.ARG=V,V", help="An argument; lists multiply out."),
    click.option("--steps", type=int, help="Updates of the VAE."),
    click.option("--batch-size", type=int),
    click.option("--lr", type=float, help="Adam's learning rate for the backbone."),
    click.option("--z-dim", help="Latent dimensions; a list multiplies out."),
    click.option("--warmup", type=int, help="Updates over which every term but the reconstruction ramps up from 0."),
    click.option("--grad-clip", type=float, help="Bound on each player's gradient norm; 0 for none."),
    click.option("--dataset"),
    click.option("--wrap", help="What changes the data set, in this order: correlated,noise."),
    click.option("--backbone"),
    click.option("--likelihood"),
    click.option("--metrics", help="Comma-separated; runs that are done are scored further, never retrained."),
    click.option("--codes", help="What metrics score: mean (of each posterior), sample (of it), or mean,sample."),
    click.option("--out", type=click.Path(path_type=Path), help="Results folder.  [default: results/STUDY]"),
)
STUDY = (
    *SETUP,
    click.option("--betas", help="Values of beta for every chosen method that has one: 1,4,8."),
    click.option("--seeds", help="How many (5), or which (3,7,11; 3, for one)."),
    click.option("--eval-repeats", type=click.IntRange(1), default=1, show_default=True, help="Evaluations of a run."),
    click.option("--shard", metavar="I/N", help="The I-th of N equal parts of the study, for array jobs."),
)
PLACE = (
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, or a list: cuda:0,cuda:2."),
    click.option("--runs-per-device", type=click.IntRange(1), default=1, show_default=True, help="Runs on each GPU."),
    click.option("--jobs", type=click.IntRange(1), help="Runs at once.  [default: cores / threads, or GPUs]"),
    click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of each run."),
)
HOW = (
    click.option(
        "--timeout", type=click.FloatRange(0), default=0.0, help="Seconds that a run may take.  [default: any]"
    ),
    click.option(
        "--retries", type=click.IntRange(0), default=1, show_default=True, help="Of a run whose process died."
    ),
    click.option(
        "--checkpoint-every", type=click.FloatRange(0), default=120.0, show_default=True, help="Seconds; 0 for never."
    ),
    click.option("--engine", type=click.Choice(["local", "dask"]), default="local", show_default=True),
    click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster: tcp://host:port."),
)


def options(*groups: tuple[Callable[..., Any], ...]) -> Callable[..., Any]:
    """These options on a command, in this order."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return add


@click.command()
@options(STUDY, PLACE, HOW)
@click.option("--score-every", type=click.IntRange(0), default=0, help="Updates between scorings on the way.")
@click.option("--tensorboard", is_flag=True, help="Also write event files, into OUT/.tensorboard.")
@click.option("--quiet", is_flag=True, help="Say only what failed.")
def run(
    device: str,
    jobs: int | None,
    threads: int,
    engine: str,
    scheduler: str | None,
    score_every: int,
    tensorboard: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Train and score every run of a study that is not done yet."""
    from bench.plan import plan
    from bench.store import Store

    by, means = engine_of(engine, scheduler), means_of(device, threads, flags)
    needs("tensorboard", "tensorboard", "tensorboard=True: TensorBoard", tensorboard)
    wanted, specs, protocols, out, repeats = asked(flags)
    store = Store(writable(out))
    left = plan(specs, protocols, store, repeats, threads=threads, score_every=score_every)
    if not quiet:
        label = specs[0].dataset.label if specs else wanted.dataset
        click.echo(
            f"study {wanted.name} ({label}, backbone {wanted.backbone}, {wanted.steps} updates of "
            f"{wanted.batch_size}): {len(specs)} runs in {store.root}, {left.done} already done"
            + (f", {left.rescored} to score further" if left.rescored else "")
        )
        click.echo("".join(f"{line}\n" for line in left_out(wanted, protocols)), nl=False)
    means = replace(means, tensorboard=str(store.root.resolve() / ".tensorboard") if tensorboard else "")
    if left.jobs:
        at_once = processes(means, jobs) if engine == "local" else jobs or -1
        carry_out(left.jobs, store, at_once, means, protocols, engine=by, quiet=quiet)


def asked(flags: dict[str, Any]) -> "tuple[Study, list[RunSpec], tuple[Protocol, ...], Path, int]":
    """What the options of a study mean: study, runs in their order, protocols, results folder, evaluations.

    All that may be refused is refused here, before a folder is made.
    """
    from bench.plan import ordered, shard
    from bench.study import expand, parse, protocols, read

    study, out, repeats, part = (flags.pop(name) for name in ("study", "out", "eval_repeats", "shard"))
    which, of = shard_of(part) if part else (1, 1)
    wanted = parse(altered(read(study), flags), f"study {study}")
    specs = shard(ordered(expand(wanted)), which, of)
    return wanted, specs, protocols(wanted), out or Path("results") / wanted.name, repeats


def left_out(study: "Study", protocols: "Sequence[Protocol]") -> list[str]:
    """What of the study's data set is not scored, and by which metrics it is not, each with the reason."""
    from bench.protocol import left_out
    from bench.study import facts

    incomplete = facts(study).incomplete
    return [*([f"not scored: {incomplete}"] if incomplete else []), *left_out(protocols)]


def shard_of(given: str) -> tuple[int, int]:
    """`2/10` as numbers. BenchError where it is not that."""
    which, slash, of = given.partition("/")
    if not (slash and which.isdecimal() and of.isdecimal() and 1 <= int(which) <= int(of)):
        raise BenchError(f"shard={given}: expected I/N with 1 <= I <= N, for example 2/10")
    return int(which), int(of)


def engine_of(engine: str, scheduler: str | None) -> dict[str, str] | None:
    """Arguments of `joblib.parallel_config` for an engine; None for the local one. BenchError where it is not there."""
    if engine == "local":
        if scheduler is not None:
            raise BenchError(f"scheduler={scheduler}: only for --engine dask")
        return None
    if scheduler is None:
        raise BenchError("engine=dask: expected --scheduler tcp://HOST:PORT")
    needs("distributed", "dask", "engine=dask: Dask")
    return {"backend": "dask", "scheduler_host": scheduler}


def needs(module: str, extra: str, what: str, asked: bool = True) -> None:
    """BenchError where an optional package is asked for and not installed."""
    import importlib.util

    if asked and importlib.util.find_spec(module) is None:
        raise BenchError(f"{what} is not installed; pip install 'disentanglement-bench[{extra}]'")


def devices_of(device: str) -> tuple[str, ...]:
    """The devices that are meant, each of which is there. BenchError where not."""
    import torch

    from bench.slots import devices

    return devices(device, torch.cuda.device_count())


def means_of(device: str, threads: int, flags: dict[str, Any]) -> "Means":
    """Where and how runs are carried out; takes what PLACE and HOW say of it from `flags`. BenchError for a device."""
    from bench.job import Means

    runs, timeout, retries, every = (
        flags.pop(name) for name in ("runs_per_device", "timeout", "retries", "checkpoint_every")
    )
    return Means(devices_of(device), runs, threads, timeout=timeout, retries=retries, every=every)


def processes(means: "Means", asked: int | None) -> int:
    """How many runs there are at once: at most one a slot; on the processor by default one for so many cores."""
    import joblib

    if means.devices == ("cpu",):
        return asked or max(1, int(joblib.cpu_count()) // means.threads)
    slots = len(means.devices) * means.runs_per_device
    return min(asked or slots, slots)


def carry_out(
    jobs: "list[Job]",
    store: "Store",
    processes: int,
    means: "Means | None" = None,
    protocols: "tuple[Protocol, ...]" = (),
    *,
    engine: Mapping[str, str] | None = None,
    quiet: bool = False,
) -> None:
    """Run the jobs, store each as it ends, and say what failed. Exits with 1 where something did, 130 on Ctrl-C."""
    from rich.console import Console

    from bench.display import describe, shown
    from bench.execute import LOCAL
    from bench.job import Means
    from bench.session import Session

    console = Console(highlight=False, quiet=quiet)
    session = Session(store, means or Means(), protocols, lambda line: console.print(line, soft_wrap=True))
    results = session.results(jobs, processes, engine or LOCAL)
    names = {job.spec.key: describe(job.spec) for job in jobs}
    failed, skipped = [], Counter[tuple[str, str]]()
    for result in shown(results, len(jobs), processes, console, session.running, names):
        failed += [result] if result.trouble or (result.record and result.record.status != "done") else []
        known = {(p.id, p.lacking) for p in result.job.protocols}  # which are told before the runs
        found = {(s.protocol, r.skipped) for s in result.artefacts.scores for r in s.repeats if r.skipped}
        skipped.update(found - known)
    for (protocol, reason), n in sorted(skipped.items()):
        console.print(f"not scored: {protocol}: {reason} ({n} runs)", soft_wrap=True)
    end(failed, session.interrupted, store)


def end(failed: "list[Result]", interrupted: int, store: "Store") -> None:
    """Say what is not done and why; exit accordingly."""
    from bench.display import outcome

    for result in failed:
        click.echo(f"not done: {outcome(result)}")
    if interrupted:
        click.echo(f"\ninterrupted: what is done is kept in {store.root}; the same command goes on from there")
        raise SystemExit(128 + interrupted)
    if any(result.trouble or (result.record is not None and result.record.status == "failed") for result in failed):
        raise SystemExit(1)


def writable(folder: Path) -> Path:
    """The folder, made if need be. BenchError where nothing can be written in it."""
    import tempfile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BenchError(f"out={folder}: cannot be written: {error.strerror or error}") from None
    return folder
