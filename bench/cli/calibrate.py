"""`bench calibrate` at the terminal."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.cli.options import PATH, writable
from bench.cli.score import asked, write
from bench.quantities import fixed
from bench.report.figures.style import save, styled
from bench.scoring.calibrate import Cell, calibration, cells, csv_text, draw, markdown, protocols, sizes_of
from bench.store.atomic import replacing_folder


@click.command()
@click.option("--grid", default="sprites32", show_default=True, help="dsprites, sprites32, or sizes such as 3,6,40.")
@click.option("--metrics", help="Comma-separated.  [default: all]")
@click.option("--set", "given", multiple=True, metavar="METRIC.ARG=V,V", help="Any argument; lists multiply out.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of noise, rows and metrics.")
@click.option("--out", type=PATH, default=Path("reports/calibration"), show_default=True)
def calibrate(grid: str, metrics: str | None, given: tuple[str, ...], seed: int, out: Path) -> None:
    """Score codes known by formula with every metric: what it gives a perfect code, noise, and what it cannot see.

    Writes calibration.csv, .md, .png and .svg. DCI is scored on 2,000 rows, since its trees take seconds a code on
    10,000: --set dci.n_train=10000 for its usual protocol.
    """
    names, settings = asked(metrics, given)
    sizes, wanted = sizes_of(grid), protocols(names, settings)
    writable(out)
    found: list[Cell] = []
    for cell in cells(sizes, wanted, seed):
        if not found or found[-1].code != cell.code:
            click.echo(f"scoring {cell.code}", err=True)
        found.append(cell)
    table = calibration(found)
    shown = Table("score", *table.codes, box=None)
    for label, row in zip(table.labels, table.values, strict=True):
        shown.add_row(label, *[fixed(x, 3) for x in row])
    console = Console(highlight=False)
    (console if console.is_terminal else Console(highlight=False, width=1000)).print(shown)
    with replacing_folder(out) as new, styled():
        write(new / "calibration.csv", csv_text(sizes, found))
        write(new / "calibration.md", markdown(table))
        save(draw(table, sizes, seed), new / "calibration", "Scores of codes that are known by formula")
    click.echo(f"{out}: calibration.csv, .md, .png, .svg")
