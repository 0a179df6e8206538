"""`bench compare` at the terminal. It imports no torch: results are compared where nothing is trained."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from bench.cli.options import PATH
from bench.errors import printable
from bench.report.comparison.beside import reproduced
from bench.report.comparison.cells import DIFFERS, VERDICTS, compare, platforms
from bench.report.comparison.outcomes import Outcome, read
from bench.store.files import ENTRY


@click.command("compare")
@click.argument("a", type=PATH)
@click.argument("b", type=PATH)
def compare_(a: Path, b: Path) -> None:
    """Are the numbers of A those of B? Two results folders, two reports' folders, or one of each.

    A line for each setting and quantity: `same`, where the numbers are equal bit for bit; `within`, where they are not
    and the seeds of A and of B cannot be told apart; `differs`. Runs of one platform, or reproducible ones, must be
    equal. Of two bundles that hold trainings of the same keys: `reproduced`, or `not reproduced`. Exits with 1 where
    something differs.
    """
    damaged: dict[str, str] = {}
    mine, others = read(a, damaged), read(b, damaged)
    again = reproduced(mine, others) if all((folder / ENTRY).exists() for folder in (a, b)) else ""
    click.echo(f"{again}\n" if again else "", nl=False)
    told(mine, others, damaged)


def told(a: Sequence[Outcome], b: Sequence[Outcome], damaged: Mapping[str, str]) -> None:
    """Print the comparison; exit with 1 where something differs or is damaged."""
    cells = compare(a, b)
    widths = [max((len(cell[i]) for cell in cells), default=0) for i in range(3)]
    for cell in cells:
        click.echo("  ".join([*(text.ljust(width) for text, width in zip(cell, widths, strict=False)), cell.text]))
    for key, reason in damaged.items():
        click.echo(f"{key}: damaged: {printable(reason)}")
    both = {run.key for run in a} & {run.key for run in b}
    click.echo(f"A: {len(a)} runs, B: {len(b)} runs, in both: {len(both)}; {platforms(a, b)}")
    counts = Counter(cell.verdict for cell in cells)
    click.echo(f"{len(cells)} cells: {', '.join(f'{counts[verdict]} {verdict}' for verdict in VERDICTS)}")
    if counts[DIFFERS] or damaged:
        raise SystemExit(1)
