"""The person at the terminal: arguments in, lines out. Heavy imports wait until a command needs them."""

import re
from pathlib import Path

import click

from bench.cli_data import data
from bench.cli_list import list_
from bench.cli_look import plan, status
from bench.cli_results import baselines, merge, pictures, verify
from bench.cli_run import run, writable
from bench.cli_score import calibrate, score
from bench.cli_search import search
from bench.errors import BenchError

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=HELP)
def bench() -> None:
    """Train and compare VAE, beta-VAE, FactorVAE and InfoVAE as learners of disentangled representations."""


bench.add_command(plan)
bench.add_command(run)
bench.add_command(status)
bench.add_command(search)
bench.add_command(score)
bench.add_command(calibrate)
bench.add_command(baselines)
bench.add_command(verify)
bench.add_command(merge)
bench.add_command(pictures)
bench.add_command(data)
bench.add_command(list_)


@bench.command()
@click.argument("results", type=click.Path(path_type=Path), default=Path("results"))
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports"), show_default=True)
def report(results: Path, out: Path) -> None:
    """Tables, CSV files and figures of RESULTS: a study's folder, or a folder of studies."""
    from bench.report.write import write
    from bench.searched import read
    from bench.store import Store

    for folder in folders_of(results):
        store, target = Store(folder), writable(out / folder.resolve().name)
        files = write(store, target, searches=read(folder))
        for key, reason in store.damaged.items():
            click.echo(f"passed over {folder / key}: damaged: {reason}", err=True)
        click.echo(f"{target}: {len(files)} files; begin with {target / 'index.html'}")


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
