"""Options that several commands share, and what they mean."""

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import joblib

from bench.cli.help import titled
from bench.environment import at_home, check_precision, environment
from bench.errors import BenchError, printable
from bench.execution.job import ExecutionConfig
from bench.execution.slots import devices
from bench.scoring.protocol import Protocol
from bench.scoring.protocol import left_out as lacking
from bench.spec import RunSpec
from bench.store import bundle
from bench.store.store import Store
from bench.study.overrides import altered

if TYPE_CHECKING:
    from bench.study.study import Study


class HomePath(click.Path):
    """A path, in which `~` is the user's home: of `--out=~/results` a shell leaves it as it is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path."""
        return at_home(os.fsdecode(super().convert(value, param, ctx)))


PATH = HomePath(path_type=Path)
DEFAULT = Path("results/quick")  # of the study that `run` takes by default
SETUP = (
    click.option("--study", default="quick", show_default=True, help="A shipped study by name, or a TOML file."),
    click.option("--methods", help="Comma-separated, for example betavae,factorvae."),
    click.option("--set", "settings", multiple=True, metavar="PLUGIN.ARG=V,V", help="An argument; lists multiply out."),
    click.option("--steps", type=int, help="Updates of the VAE."),
    click.option("--batch-size", type=int, help="Observations of an update."),
    click.option("--lr", type=float, help="Adam's learning rate for the backbone."),
    click.option("--z-dim", help="Latent dimensions; a list multiplies out."),
    click.option("--warmup", type=int, help="Updates over which every term but the reconstruction ramps up from 0."),
    click.option("--grad-clip", type=float, help="Bound on each player's gradient norm; 0 for none."),
    click.option(
        "--precision", help="fp32, or bf16: encoder and decoder, on a processor that has it.  [default: fp32]"
    ),
    click.option("--dataset", help="See `bench list datasets`."),
    click.option("--wrap", help="What changes the data set, in this order: correlated,noise."),
    click.option("--backbone", help="See `bench list backbones`."),
    click.option("--likelihood", help="bernoulli, gaussian or categorical.  [default: the data set's]"),
    click.option("--metrics", help="Comma-separated; runs that are done are scored further, never retrained."),
    click.option("--codes", help="What metrics score: mean (of each posterior), sample (of it), or mean,sample."),
    click.option("--out", type=PATH, help="Results folder.  [default: results/STUDY]"),
)
STUDY = (
    *SETUP,
    click.option("--betas", help="Values of beta for every chosen method that has one: 1,4,8."),
    click.option("--seeds", help="How many (5), or which (3,7,11)."),
    click.option("--seed", type=click.IntRange(0), help="One seed alone: --seed 3 is --seeds 3, with a comma."),
    click.option("--eval-repeats", type=click.IntRange(1), default=1, show_default=True, help="Evaluations of a run."),
    click.option("--shard", metavar="I/N", help="The I-th of N equal parts of the study, for array jobs."),
)
REPRODUCIBLE = click.option(
    "--reproducible", is_flag=True, help="The same numbers, bit for bit, on any x86-64 processor with AVX2; slower."
)
PLACE = (
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, or a list: cuda:0,cuda:2."),
    click.option("--runs-per-device", type=click.IntRange(1), default=1, show_default=True, help="Runs on each GPU."),
    click.option("--jobs", type=click.IntRange(1), help="Runs at once.  [default: cores / threads, or GPUs]"),
    click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of each run."),
    REPRODUCIBLE,
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
TITLES = {
    "What is trained and scored": STUDY,
    "Where": PLACE,
    "How": HOW,
}


def folders_of(results: Path) -> list[Path]:
    """The folders of studies in a results folder, which may be one itself. BenchError where there are no runs.

    One that is a link is passed over with a line: it may lead anywhere, and commands write into it.
    """
    if not results.is_dir():
        wrong = "not a folder" if results.exists() else "no such folder"
        raise BenchError(f"results {results}: {wrong}; run a study first (python -m bench run)")
    if bundle.opened(results) is not None or Store(results).keys():
        return [results]
    found = [f for f in sorted(results.iterdir()) if Store(f).keys()]
    folders = [f for f in found if not f.is_symlink()]
    for folder in folders:
        bundle.opened(folder)
    for link in [f for f in found if f.is_symlink()]:
        click.echo(f"passed over {link}: is a link; name the folder itself", err=True)
    if not folders:
        raise BenchError(f"results {results}: holds no runs; run a study first (python -m bench run)")
    return folders


def opened(results: Path) -> Store:
    """The store in a folder. BenchError where there is none, or it is a bundle that is not what it must be."""
    if not results.is_dir():
        raise BenchError(f"results {results}: {'not a folder' if results.exists() else 'no such folder'}")
    bundle.opened(results)
    store = Store(results)
    if not store.keys():
        raise BenchError(f"results {results}: holds no runs; name the folder of one study")
    return store


def check_reproducible(reproducible: bool, devices: Sequence[str]) -> None:
    """BenchError where it is asked for and runs cannot be told to round alike: a GPU, or another kind of processor."""
    instructions = str(environment()["instruction_set"])
    if reproducible and tuple(devices) != ("cpu",):
        raise BenchError(f"reproducible=True: not on {', '.join(devices)}; expected --device cpu")
    if reproducible and instructions not in ("avx512f", "avx2"):
        raise BenchError(f"reproducible=True: expected an x86-64 processor with AVX2; this one has {instructions}")


def check_precisions(specs: Iterable[RunSpec], config: ExecutionConfig) -> None:
    """BenchError where runs are of a precision that is refused here. Workers of a cluster speak for themselves."""
    for precision in set() if config.scheduler else {spec.precision for spec in specs}:
        check_precision(precision, config.devices[0], config.reproducible)


def options(*groups: tuple[Callable[..., Any], ...]) -> Callable[..., Any]:
    """These options on a command, in this order; its help has a section for each group that has a title."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for group in reversed(groups):
            for option in reversed(group):
                title = next((title for title, titled_options in TITLES.items() if option in titled_options), "")
                command = titled(title, option)(command) if title else option(command)
        return command

    return add


def asked(flags: dict[str, Any]) -> "tuple[Study, list[RunSpec], tuple[Protocol, ...], Path, int]":
    """What the options of a study mean: study, runs in their order, protocols, results folder, evaluations.

    All that may be refused is refused here, before a folder is made.
    """
    # imports torch, which a report does without
    from bench.study.study import expand, ordered, parse, protocols, read, shard

    study, out, repeats, part, seed = (flags.pop(name) for name in ("study", "out", "eval_repeats", "shard", "seed"))
    if seed is not None and flags["seeds"] is not None:
        raise BenchError(f"seed={seed}: expected --seed or --seeds, not both")
    flags["seeds"] = flags["seeds"] if seed is None else f"{seed},"
    which, of = shard_of(part) if part else (1, 1)
    wanted = parse(altered(read(study), flags), f"study {study}")
    specs = shard(ordered(expand(wanted)), which, of)
    return wanted, specs, protocols(wanted), out or Path("results") / wanted.name, repeats


def left_out(study: "Study", protocols: Sequence[Protocol]) -> list[str]:
    """How the study's data were read, what of them is not scored, and by which metrics it is not, with the reason."""
    from bench.study.study import dataset_of, facts  # imports torch, which a report does without

    notes, found = dataset_of(study)[1].notes, facts(study)  # without complete rows each metric says why
    rows = [f"not scored: {found.incomplete}"] if found.incomplete and found.rows else []
    told = [*(f"note: {note}" for note in notes), *rows]
    return [printable(line) for line in (*told, *lacking(protocols))]


def shard_of(given: str) -> tuple[int, int]:
    """`2/10` as numbers. BenchError where it is not that."""
    which, slash, of = given.partition("/")
    if not (slash and which.isdecimal() and of.isdecimal() and 1 <= int(which) <= int(of)):
        raise BenchError(f"shard={given}: expected I/N with 1 <= I <= N, for example 2/10")
    return int(which), int(of)


def scheduler_of(engine: str, scheduler: str | None) -> str:
    """The address of the cluster that runs go to; empty for this machine. BenchError where it cannot be used."""
    if engine == "local":
        if scheduler is not None:
            raise BenchError(f"scheduler={scheduler}: only for --engine dask")
        return ""
    if scheduler is None:
        raise BenchError("engine=dask: expected --scheduler tcp://HOST:PORT")
    needs("distributed", "dask", "engine=dask: Dask")
    return scheduler


def needs(module: str, extra: str, what: str, asked: bool = True) -> None:
    """BenchError where an optional package is asked for and not installed."""
    if asked and importlib.util.find_spec(module) is None:
        raise BenchError(f"{what} is not installed; pip install 'disentanglement-bench[{extra}]'")


def devices_of(device: str) -> tuple[str, ...]:
    """What `--device` config, in every command: devices that are there. BenchError where one is not."""
    import torch  # a report does without

    return devices(device, torch.cuda.device_count())


def device_of(device: str) -> str:
    """The one device of a command that does its work in this process, as torch calls it: of several GPUs the first.

    BenchError for a list, or a device that is not there.
    """
    found = devices_of(device)
    if "," in device:
        raise BenchError(f"device={device}: this command uses one device; expected auto, cpu, cuda or cuda:N")
    return found[0]


def config_of(flags: dict[str, Any]) -> ExecutionConfig:
    """Where and how runs are carried out: takes the options of PLACE, and of HOW where there are, from `flags`.

    BenchError for a device that is not there, a cluster that cannot be used, and what cannot be reproducible.
    """
    scheduler = scheduler_of(flags.pop("engine", "local"), flags.pop("scheduler", None))
    there = devices_of(flags.pop("device"))
    runs, threads, jobs = (flags.pop(name) for name in ("runs_per_device", "threads", "jobs"))
    reproducible = flags.pop("reproducible")
    check_reproducible(reproducible, there)
    known = {"timeout": "timeout", "retries": "retries", "checkpoint_every": "every"}
    how: dict[str, Any] = {name: flags.pop(option) for option, name in known.items() if option in flags}
    at_once = (jobs or 0) if scheduler else processes_of(there, runs, threads, jobs)
    return ExecutionConfig(
        there, runs, threads, reproducible=reproducible, processes=at_once, scheduler=scheduler, **how
    )


def processes_of(devices: Sequence[str], runs_per_device: int, threads: int, asked: int | None) -> int:
    """How many runs there are at once: at most one a slot; on the processor by default one for so many cores."""
    if devices == ("cpu",):
        return asked or max(1, int(joblib.cpu_count()) // threads)
    slots = len(devices) * runs_per_device
    return min(asked or slots, slots)


def writable(folder: Path) -> Path:
    """The folder, made if need be. BenchError where nothing can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BenchError(f"out={folder}: cannot be written: {error.strerror or error}") from None
    return folder
