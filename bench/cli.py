"""The person at the terminal: arguments in, lines out. Heavy imports wait until a command needs them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli_score import calibrate, score
from bench.errors import BenchError
from bench.flags import altered

if TYPE_CHECKING:
    from bench.store import Store
    from bench.trial import Job, Result

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=HELP)
def bench() -> None:
    """Train and compare VAE, beta-VAE, FactorVAE and InfoVAE as learners of disentangled representations."""


bench.add_command(score)
bench.add_command(calibrate)


@bench.command()
@click.option("--study", default="quick", show_default=True, help="A shipped study by name, or a TOML file.")
@click.option("--methods", help="Comma-separated, for example betavae,factorvae.")
@click.option("--betas", help="Values of beta for every chosen method that has one: 1,4,8.")
@click.option("--set", "settings", multiple=True, metavar="PLUGIN.ARG=V,V", help="Any argument; lists multiply out.")
@click.option("--seeds", help="How many (5), or which (3,7,11; 3, for one).")
@click.option("--steps", type=int, help="Updates of the VAE.")
@click.option("--batch-size", type=int)
@click.option("--lr", type=float, help="Adam's learning rate for the backbone.")
@click.option("--z-dim", help="Latent dimensions; a list multiplies out.")
@click.option("--warmup", type=int, help="Updates over which every term but the reconstruction ramps up from 0.")
@click.option("--grad-clip", type=float, help="Bound on each player's gradient norm; 0 for none.")
@click.option("--dataset")
@click.option("--backbone")
@click.option("--likelihood")
@click.option("--metrics", help="Comma-separated; runs that are done are scored further, never retrained.")
@click.option("--codes", help="What metrics score: mean (of each posterior), sample (of it), or mean,sample.")
@click.option("--eval-repeats", type=click.IntRange(1), default=1, show_default=True, help="Evaluations of each run.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of each process.")
@click.option("--jobs", type=click.IntRange(1), help="Runs at once.  [default: cores / threads]")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1, ...")
@click.option("--out", type=click.Path(path_type=Path), help="Results folder.  [default: results/STUDY]")
def run(
    study: str, out: Path | None, eval_repeats: int, threads: int, jobs: int | None, device: str, **flags: Any
) -> None:
    """Train and score every run of a study that is not done yet."""
    import joblib

    from bench.plan import plan
    from bench.store import Store
    from bench.study import expand, parse, protocols, read

    wanted = parse(altered(read(study), flags), f"study {study}")
    check_device(device)
    specs, scored_by = expand(wanted), protocols(wanted)  # all that may be refused, before a folder is made
    store = Store(writable(out or Path("results") / wanted.name))
    left = plan(specs, scored_by, store, eval_repeats, device, threads)
    click.echo(
        f"study {wanted.name} ({wanted.dataset}, backbone {wanted.backbone}, {wanted.steps} updates of "
        f"{wanted.batch_size}): {len(specs)} runs in {store.root}, {left.done} already done"
        + (f", {left.rescored} to score further" if left.rescored else "")
    )
    if left.jobs:
        carry_out(left.jobs, store, jobs or max(1, joblib.cpu_count() // threads))


def carry_out(jobs: "list[Job]", store: "Store", processes: int) -> None:
    """Run the jobs, store each as it ends, and say what failed. Exits with 1 where something did, 130 on Ctrl-C."""
    from rich.console import Console

    from bench.display import outcome, shown
    from bench.execute import execute

    console = Console(highlight=False)
    failed: list[Result] = []
    results = execute(jobs, processes)
    try:
        for result in shown(results, len(jobs), processes, console):
            if result.record is None:
                store.add_scores(result.job.spec.key, result.artefacts.scores)
                continue
            if not result.job.done:  # else a run that is done, of which a metric failed, stays as it is
                store.put(result.record, result.artefacts)
            failed += [result] if result.record.status != "done" else []
    except KeyboardInterrupt:
        results.close()
        click.echo(f"\ninterrupted: what is done is kept in {store.root}; the same command goes on from there")
        raise SystemExit(130) from None
    for result in failed:
        click.echo(f"not done: {outcome(result)}")
    if any(result.record is not None and result.record.status == "failed" for result in failed):
        raise SystemExit(1)


@bench.command()
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports"), show_default=True)
def report(results: Path, out: Path) -> None:
    """Tables, CSV files and figures of RESULTS: a study's folder, or a folder of studies."""
    from bench.report.write import write
    from bench.store import Store

    for folder in folders_of(results):
        store, target = Store(folder), writable(out / folder.resolve().name)
        files = write(store, target)
        for key, reason in store.damaged.items():
            click.echo(f"passed over {folder / key}: damaged: {reason}", err=True)
        click.echo(f"{target}: {len(files)} files; begin with {target / 'report.md'}")


@bench.command(name="list")
@click.argument("kind", type=click.Choice(["methods", "backbones", "metrics", "datasets", "studies"]))
def list_(kind: str) -> None:
    """What there is to choose from, with arguments and their defaults."""
    import inspect

    from bench import plugins
    from bench.protocol import explained
    from bench.study import read, shipped

    if kind == "studies":
        for name in shipped():
            click.echo(f"{name}: {read(name)['description']}")
        return
    single = kind.removesuffix("s")
    for name in plugins.names(single):
        defaults = ", ".join(f"{n}={p.default}" for n, p in plugins.defaults(single, name).items())
        module = inspect.getmodule(plugins.load(single, name))
        first = (inspect.getdoc(module) or "").splitlines()[0] if module else ""
        click.echo(f"{name}({defaults}): {first}")
        if kind == "metrics":
            click.echo("".join(f"    {line}\n" for line in explained(name)))


@bench.group()
def data() -> None:
    """Data sets."""


@data.command()
@click.argument("file", type=click.Path(path_type=Path))
def compare(file: Path) -> None:
    """In how many images the original dSprites npz FILE and the rendered set differ."""
    from bench.data.dsprites import compare as compare_images

    found = compare_images(file)
    original = "the published file" if found.original else "not the published file (another md5)"
    click.echo(f"{file}: {original}")
    click.echo(f"images that differ: {found.images_differ:,} of {found.images:,}; pixels: {found.pixels_differ:,}")
    click.echo(f"lit pixels: {found.lit_source:,} in the file, {found.lit_rendered:,} rendered")


def folders_of(results: Path) -> list[Path]:
    """The folders of studies in a results folder, which may be one itself. BenchError where there are no runs."""
    from bench.store import Store

    if not results.is_dir():
        wrong = "not a folder" if results.exists() else "no such folder"
        raise BenchError(f"results {results}: {wrong}; run a study first (python -m bench run)")
    folders = [results] if Store(results).keys() else [f for f in sorted(results.iterdir()) if Store(f).keys()]
    if not folders:
        raise BenchError(f"results {results}: holds no runs; run a study first (python -m bench run)")
    return folders


def check_device(device: str) -> None:
    """BenchError where torch has no such device here."""
    import torch

    try:
        torch.empty(1, device=device).item()
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = re.split(r"\n|\.(?= )", str(error))[0]
        raise BenchError(f"device={device}: {reason}; cpu is always there") from None


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
