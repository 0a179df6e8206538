"""`bench report` at the terminal. It imports no torch: reports are made where nothing is trained."""

from pathlib import Path

import click

from bench.cli.options import PATH, folders_of, writable
from bench.errors import BenchError, printable
from bench.report.write import write
from bench.store.searches import read
from bench.store.store import Store


@click.command()
@click.argument("results", type=PATH, default=Path("results"))
@click.option("--out", type=PATH, default=Path("reports"), show_default=True)
@click.option("--full", is_flag=True, help="Also the figures of gradients and of lost runs, by which faults are found.")
def report(results: Path, out: Path, full: bool) -> None:
    """Tables, CSV files and figures of RESULTS: a study's folder, or a folder of studies."""
    for folder in folders_of(results):
        store, target = Store(folder), writable(out / folder.resolve().name)
        searches = read(folder, lambda line: click.echo(f"passed over {line}", err=True))
        try:
            files = write(store, target, searches=searches, full=full)
        except OSError as error:
            raise BenchError(f"out={target}: cannot be written: {error.strerror or error}; it is as it was") from None
        for key, reason in store.damaged.items():
            click.echo(f"passed over {folder / key}: damaged: {printable(reason)}", err=True)
        click.echo(f"{target}: {len(files)} files; begin with {target / 'index.html'}")
