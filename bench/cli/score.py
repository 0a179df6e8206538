"""`bench score` at the terminal."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bench import plugins
from bench.cli.options import PATH, device_of, devices_of, folders_of, processes_of
from bench.cli.pack import ABOUT, stated, told
from bench.environment import environment
from bench.errors import BenchError, printable
from bench.execution.job import ExecutionConfig, Job
from bench.execution.plan import scoring
from bench.quantities import BASELINES
from bench.report.tables.csv_file import Row, csv_text
from bench.report.tables.rows import score_rows
from bench.scoring.arrays import csv_of, read, remarks, score_arrays, table
from bench.scoring.protocol import Facts, Grid, Protocol, left_out, protocols_of
from bench.spec import Record
from bench.store import atomic
from bench.store.files import Damaged
from bench.store.runs import Run
from bench.store.store import Store
from bench.study.overrides import split_setting, words
from metrics._codes import MetricError


@click.command()
@click.argument("file", metavar="[CODES.npz]", required=False, type=PATH)
@click.option("--runs", type=PATH, help="A study's results, or a folder of them, instead.")
@click.option("--metrics", help="Comma-separated.  [default: all]")
@click.option("--set", "given", multiple=True, metavar="METRIC.ARG=V,V", help="Any argument; lists multiply out.")
@click.option("--out", type=PATH, help="A CSV file for the scores.")
@click.option("--pack", "bundles", type=PATH, metavar="OUT", help="Of a file: also a bundle, in the folder OUT.")
@ABOUT
@click.option("--seed", type=click.IntRange(0), help="Of the shuffle and of the metrics.  [default: 0]")
@click.option("--n-train", type=int, help="Rows to fit, for metrics that read rows.  [default: each metric's]")
@click.option("--n-test", type=int, help="Rows to test.  [default: each metric's]")
@click.option("--continuous-bins", type=int, help="Bins of a continuous factor.  [default: 20]")
@click.option("--binning", type=click.Choice(["width", "quantile"]), help="Equal widths or numbers.  [default: width]")
@click.option("--codes", help="Of runs: score the mean (of each posterior), a sample (of it), or mean,sample.")
@click.option("--eval-repeats", type=click.IntRange(1), help="Evaluations of each run.  [default: 1]")
@click.option("--udr", is_flag=True, help="Of runs: how far seeds agree, into udr.csv beside them.")
@click.option("--jobs", type=click.IntRange(1), help="Runs at once.  [default: 1]")
@click.option("--device", help="Where runs are encoded: auto, cpu, cuda, or a list.  [default: cpu]")
def score(
    file: Path | None, runs: Path | None, metrics: str | None, given: tuple[str, ...], out: Path | None, **options: Any
) -> None:
    """Score the codes z and factors v of an npz file, or further the runs of a results folder, without training.

    CODES.npz holds z (N, D), v (N, K) and, if you like, names (K,) of the factors.
    """
    if (file is None) == (runs is None):
        raise BenchError("score: expected either a file CODES.npz or --runs FOLDER")
    of_file = ("bundles", "about", "seed", "n_train", "n_test", "continuous_bins", "binning")
    of_runs = ("codes", "eval_repeats", "udr", "jobs", "device")
    for name in of_file if file is None else of_runs:
        if options[name]:
            raise BenchError(f"{name.replace('_', '-')}={options[name]}: only for {'a file' if runs else '--runs'}")
    meant = {name: value for name, value in options.items() if value is not None and name != "udr"}
    bundles, about = meant.pop("bundles", None), meant.pop("about")
    if file is not None:
        score_file(file, metrics, given, out, **meant)
        if bundles is not None:
            pack_file(file, metrics, given, bundles, stated(about), **meant)
    elif runs is not None:
        score_runs(runs, metrics, given, out, udr=options["udr"], **meant)


def score_file(
    file: Path, metrics: str | None, given: Sequence[str], out: Path | None, seed: int = 0, **options: Any
) -> None:
    """Print the scores of a file's arrays, and write them where asked."""
    names, settings = asked(metrics, given)
    scored = score_arrays(read(file), names, settings, seed, **options)
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=1000)
    console.print(table(scored))
    for line in remarks(scored):
        click.echo(printable(line))
    if out is not None:
        write(out, csv_of(scored))


def pack_file(
    file: Path, metrics: str | None, given: Sequence[str], out: Path, about: dict[str, str], **options: Any
) -> None:
    """Write the bundle of a file's arrays, scored by the protocols of runs: each metric's own numbers of rows."""
    from bench.scoring.packing import codes_run, pack_codes  # imports torch, which the scores of a file do without

    for name in [name for name in ("n_train", "n_test") if name in options]:
        raise BenchError(f"{name.replace('_', '-')}={options[name]}: not with --pack; expected --set METRIC.{name}=")
    names, settings = asked(metrics, given)
    options |= {name: about.pop(name) for name in ("method", "data") if name in about}
    try:
        run = codes_run(read(file), partial(protocols_of, names, settings, ["mean"]), options.pop("seed", 0), **options)
    except MetricError as error:
        raise BenchError(str(error)) from None
    left = sorted(set(names) - {score.metric for score in run[1].scores})
    if left:
        click.echo(f"left out of the bundle, since they select rows from a whole data set: {', '.join(left)}", err=True)
    told(pack_codes(out, about, *run))


def score_runs(
    folder: Path,
    metrics: str | None,
    given: Sequence[str],
    out: Path | None,
    *,
    udr: bool,
    codes: str = "mean",
    eval_repeats: int = 1,
    jobs: int = 1,
    device: str = "cpu",
) -> None:
    """Score every done run by the protocols that it lacks; with `udr`, how far its seeds agree."""
    devices = devices_of(device)
    config = ExecutionConfig(devices, processes=processes_of(devices, 1, 1, jobs))
    one = device_of(device) if udr else ""
    stores = [Store(f) for f in folders_of(folder)]
    rows = []
    if metrics is not None or not udr:
        names, settings = asked(metrics, given)
        facts_to_protocols = partial(protocols_of, names, settings, words(codes))
        for store in stores:
            rows += further(store, facts_to_protocols, eval_repeats, config)
    if udr:
        for store in stores:
            rows += agreement(store, one)
    for store in stores:
        for key, reason in store.damaged.items():
            click.echo(f"passed over {store.root / key}: damaged: {printable(reason)}", err=True)
    if out is not None:
        write(out, csv_text(rows))


def agreement(store: Store, device: str) -> list[Row]:
    """Write how far the seeds of each setting agree, UDR, beside the store's runs; the rows of it."""
    from bench.scoring.udr import udr_scores  # imports torch, which the scores of a file do without

    scored, few = udr_scores(store, device)
    rows = score_rows([Run(record, (file,)) for record, file in scored])
    write(store.root / "udr.csv", csv_text(rows))
    note = f"; {few} settings have fewer than 5 runs" if few else ""
    click.echo(f"{store.root / 'udr.csv'}: {len(scored)} runs{note}")
    return rows


def further(
    store: Store,
    protocols: Callable[[Facts], tuple[Protocol, ...]],
    repeats: int,
    config: ExecutionConfig,
) -> list[dict[str, Any]]:
    """Add what the store's done runs lack of the protocols for their data; the rows of all of their scores by them."""
    from bench.cli.run import execute  # imports torch, which the scores of a file do without

    done, beside = learnt(store)
    jobs = []
    for record in done:
        try:
            job = scoring(
                Job(record.spec, protocols(Facts.read(record.evaluation)), repeats, environment=environment()), store
            )
        except Damaged as error:
            store.damaged[record.key] = str(error)
            continue
        jobs += [] if job is None else [job]
    click.echo(f"{store.root}: {len(jobs)} of {len(done)} done runs to score")
    if beside:
        click.echo(f"{beside} baselines are scored as the runs are by: python -m bench baselines {store.root}")
    click.echo("".join(f"{line}\n" for line in left_out(p for job in jobs for p in job.protocols)), nl=False)
    if jobs:
        execute(jobs, store, config)
    runs = []
    for record in [record for record in done if record.key not in store.damaged]:
        wanted = {p.id for p in protocols(Facts.read(record.evaluation))}
        try:
            runs.append(Run(record, tuple(s for s in store.scores(record.key) if s.protocol in wanted)))
        except Damaged as error:
            store.damaged[record.key] = str(error)
    return score_rows(runs)


def learnt(store: Store) -> tuple[list[Record], int]:
    """The runs of a store that are done, and how many baselines there are: these keep neither codes nor weights."""
    done = [record for record in store if record.status == "done"]
    runs = [record for record in done if record.spec.method not in BASELINES]
    return runs, len(done) - len(runs)


def asked(metrics: str | None, given: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The metrics by name, and their settings; by default every metric."""
    names = words(metrics) if metrics is not None else list(plugins.names("metric"))
    if not names or len(set(names)) < len(names):
        raise BenchError(f"metrics={metrics}: expected at least one, each once")
    for name in names:
        plugins.load("metric", name)
    return names, settings(given, names)


def write(path: Path, text: str) -> None:
    """A file of the user's choice. BenchError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # such as /dev/stdout
            path.write_text(text, encoding="utf-8", newline="\n")
        else:
            atomic.replace(path, text.encode())
    except OSError as error:
        raise BenchError(f"out={path}: cannot be written: {error.strerror or error}") from None


def settings(given: Iterable[str], metrics: Sequence[str]) -> dict[str, Grid]:
    """`--set` by metric. BenchError for a plugin that is not among the metrics."""
    found: dict[str, Grid] = {}
    for setting in given:
        name, argument, values = split_setting(setting)
        if name not in metrics:
            raise BenchError(f"set={setting}: {name} is not among the metrics ({', '.join(metrics)})")
        found.setdefault(name, {})[argument] = list(values) if isinstance(values, list) else values
    return found
