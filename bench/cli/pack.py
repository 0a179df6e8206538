"""`bench pack`: results as a bundle that anyone can cite and recompute."""

from collections.abc import Sequence
from pathlib import Path

import click

from bench.cli.options import DEFAULT, PATH, opened
from bench.errors import BenchError

ABOUT = click.option(
    "--about",
    multiple=True,
    metavar="FIELD=TEXT",
    help="Of a bundle: who, party (first or third), paper, code, commit, licence, search, labels, study.",
)


@click.command()
@click.argument("results", type=PATH, default=DEFAULT)
@click.argument("out", type=PATH, default=Path("bundles"))
@ABOUT
@click.option("--weights", is_flag=True, help="Also weights (safetensors) and a model card.")
def pack(results: Path, out: Path, about: tuple[str, ...], weights: bool) -> None:
    """Write the runs of RESULTS as a bundle into the folder OUT: CSV files, posteriors, records, who made them.

    Every score can be recomputed from it (verify), and it is read wherever results are: report, compare, merge, verify.
    Its name ends in the hash of its content. docs/bundles.md.
    """
    from bench.scoring.packing import pack as write  # reports' libraries, which the help does without

    opened(results)
    told(write(results, out, stated(about), weights=weights))


def stated(about: Sequence[str]) -> dict[str, str]:
    """`who=Jane Doe` as a field and its text. BenchError where it is not that."""
    fields = dict(one.partition("=")[::2] for one in about)
    for name, text in fields.items():
        if not text:
            raise BenchError(f"about={name}: expected FIELD=TEXT, for example who='Jane Doe'")
    return fields


def told(bundle: Path) -> None:
    """Say where a bundle lies and how large it is."""
    size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
    click.echo(f"{bundle}: {size / 1e6:.1f} MB; python -m bench verify {bundle}")
