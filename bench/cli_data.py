"""`bench data`: looking at data sets, and taking them elsewhere."""

from math import prod
from pathlib import Path
from typing import Any

import click

from bench.cli_fetch import fetch
from bench.cli_fetch import list_ as list_data
from bench.cli_run import options
from bench.errors import BenchError

CHOICE = (
    click.argument("name"),
    click.option("--set", "settings", multiple=True, metavar="PLUGIN.ARG=V", help="An argument of it or of a wrapper."),
    click.option("--wrap", default="", help="What changes it, in this order: correlated,noise."),
)


@click.group()
def data() -> None:
    """Data sets."""


data.add_command(list_data)
data.add_command(fetch)


@data.command()
@options(CHOICE)
@click.option("--out", type=click.Path(path_type=Path), help="A picture (PNG): each factor moved over its values.")
def info(name: str, settings: tuple[str, ...], wrap: str, out: Path | None) -> None:
    """What the data set NAME holds: factors, observations, likelihood, sha256."""
    if out and (out.suffix != ".png" or not out.parent.is_dir()):
        raise BenchError(f"out={out}: expected a name that ends in .png, in a folder that is there")
    from bench.protocol import Facts

    spec, dataset = chosen(name, settings, wrap)
    grid = len(dataset) == prod(dataset.sizes)
    click.echo(f"{spec.label}: {len(dataset):,} {dataset.kind}s of {' x '.join(map(str, dataset.shape))}")
    click.echo(f"  {'each combination of factors once' if grid else 'not each combination of factors once'}:")
    width = max(map(len, dataset.names))
    for factor, size in zip(dataset.names, dataset.sizes, strict=True):
        notes = {"in bins of true values": factor in dataset.numbers, "no order": factor in dataset.unordered}
        click.echo(f"    {factor:{width}} {size:4}  {', '.join(n for n, holds in notes.items() if holds)}".rstrip())
    if incomplete := Facts.of(dataset).incomplete:
        click.echo(f"  not scored: {incomplete}")
    for part, rows in dataset.parts.items():
        click.echo(f"  part {part}: {len(rows):,} rows")
    click.echo(f"  likelihood {dataset.likelihood}")
    click.echo(f"  sha256 {spec.sha256}{' (before wrappers)' if spec.wrappers else ''}")
    if out:
        from bench.report.style import styled
        from bench.sheet import sheet

        with styled():
            try:
                sheet(dataset).savefig(out, metadata={"Software": None})
            except OSError as error:
                raise BenchError(f"out={out}: cannot be written: {error.strerror or error}") from None
        others = "as near to held as there are rows" if dataset.sampled else "held"
        click.echo(f"{out}: each factor moved over its values, the others {others}")


@data.command()
@options(CHOICE)
@click.argument("out", type=click.Path(path_type=Path))
def export(name: str, settings: tuple[str, ...], wrap: str, out: Path) -> None:
    """Write the data set NAME to OUT, an .npz file, which the data set `npz` reads."""
    from bench.export import check
    from bench.export import export as write

    check(out)
    spec, dataset = chosen(name, settings, wrap)
    written = write(dataset, out)
    click.echo(f"{out}: {spec.label}, {len(dataset):,} rows, {written / 2**20:,.1f} MiB")


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


def chosen(name: str, settings: tuple[str, ...], wrap: str) -> tuple[Any, Any]:
    """The spec of a data set as the command line names it, and the data set. BenchError for what is not known."""
    from bench import plugins
    from bench.build import data_spec, load_dataset
    from bench.flags import split_setting, words

    wrappers = words(wrap)
    plugins.load("dataset", name), [plugins.load("wrapper", wrapper) for wrapper in wrappers]
    given: dict[str, dict[str, Any]] = {target: {} for target in (name, *wrappers)}
    for setting in settings:
        target, argument, _ = split_setting(setting)
        if target not in given:
            raise BenchError(f"set={setting}: expected an argument of {' or '.join(given)}")
        given[target][argument] = setting.partition("=")[2]
    source = str(given[name].pop("source", ""))
    spec = data_spec(name, given[name], source, [(wrapper, given[wrapper]) for wrapper in wrappers])
    return spec, load_dataset(spec)
