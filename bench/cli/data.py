"""`bench data`: which data sets there are, their files, looking at them, and taking them elsewhere."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from bench import plugins
from bench.cli.listing import listed
from bench.cli.options import PATH, options
from bench.data._files.export import check
from bench.data._files.export import export as write
from bench.data._files.original import place
from bench.data.dsprites import compare as compare_images
from bench.datasets import data_spec, load_dataset
from bench.environment import cache_directory
from bench.errors import BenchError, printable
from bench.scoring.protocol import Facts
from bench.store.atomic import replacing
from bench.study.overrides import split_setting, words

CHOICE = (
    click.argument("name"),
    click.option("--set", "settings", multiple=True, metavar="PLUGIN.ARG=V", help="An argument of it or of a wrapper."),
    click.option("--wrap", default="", help="What changes it, in this order: correlated,noise."),
)


@click.group()
def data() -> None:
    """Data sets."""


@data.command()
@options(CHOICE)
@click.option("--out", type=PATH, help="A picture (PNG): each factor moved over its values.")
def info(name: str, settings: tuple[str, ...], wrap: str, out: Path | None) -> None:
    """What the data set NAME holds: factors, observations, likelihood, sha256."""
    if out and (out.suffix != ".png" or not out.parent.is_dir()):
        raise BenchError(f"out={out}: expected a name that ends in .png, in a folder that is there")
    spec, dataset = chosen(name, settings, wrap)
    click.echo(f"{printable(spec.label)}: {len(dataset):,} {dataset.kind}s of {' x '.join(map(str, dataset.shape))}")
    if out and not dataset.names:
        raise BenchError(f"out={out}: the picture is of factors, and {name} has none")
    all_once = f"{'' if dataset.is_grid else 'not '}each combination of factors once:"
    click.echo(f"  {all_once if dataset.names else 'no factors'}")
    names = [printable(factor) for factor in dataset.names]
    width = max(map(len, names), default=0)
    for factor, size, shown in zip(dataset.names, dataset.sizes, names, strict=True):
        notes = {"in bins of true values": factor in dataset.numbers, "no order": factor in dataset.unordered}
        click.echo(f"    {shown:{width}} {size:4}  {', '.join(n for n, holds in notes.items() if holds)}".rstrip())
    for note in dataset.notes:
        click.echo(f"  note: {printable(note)}")
    if incomplete := Facts.of(dataset).incomplete:
        click.echo(f"  not scored: {printable(incomplete)}")
    for part, rows in dataset.parts.items():
        click.echo(f"  part {printable(part)}: {len(rows):,} rows")
    click.echo(f"  likelihood {dataset.likelihood}")
    click.echo(f"  sha256 {spec.sha256}{' (before wrappers)' if spec.wrappers else ''}")
    if out:
        # matplotlib and seaborn are slow to import, and only a picture needs them
        from bench.pictures.data_sheet import sheet
        from bench.report.figures.style import styled

        with styled():
            try:
                with replacing(out) as new:
                    sheet(dataset).savefig(new, metadata={"Software": None})
            except OSError as error:
                raise BenchError(f"out={out}: cannot be written: {error.strerror or error}") from None
        others = "as near to held as there are rows" if dataset.sampled else "held"
        click.echo(f"{out}: each factor moved over its values, the others {others}")


@data.command()
@options(CHOICE)
@click.argument("out", type=PATH)
def export(name: str, settings: tuple[str, ...], wrap: str, out: Path) -> None:
    """Write the data set NAME to OUT, an .npz file, which the data set `npz` reads."""
    check(out)
    spec, dataset = chosen(name, settings, wrap)
    written = write(dataset, out)
    click.echo(f"{out}: {printable(spec.label)}, {len(dataset):,} rows, {written / 2**20:,.1f} MiB")


@data.command()
@click.argument("file", type=PATH)
def compare(file: Path) -> None:
    """In how many images the original dSprites npz FILE and the rendered set differ."""
    found = compare_images(file)
    original = "the published file" if found.original else "not the published file (another md5)"
    click.echo(f"{file}: {original}")
    click.echo(f"images that differ: {found.images_differ:,} of {found.images:,}; pixels: {found.pixels_differ:,}")
    click.echo(f"lit pixels: {found.lit_source:,} in the file, {found.lit_rendered:,} rendered")


def chosen(name: str, settings: tuple[str, ...], wrap: str) -> tuple[Any, Any]:
    """The spec of a data set as the command line names it, and the data set. BenchError for what is not known."""
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


@data.command("list")
def list_() -> None:
    """All data sets: images, size, licence, citation, and whether they are here."""
    listed(plugins.names("dataset"), _lines)


@data.command()
@click.argument("name")
@click.option("--mirror", default="", metavar="URL", help="The address of a folder with the files, to get them from.")
def fetch(name: str, mirror: str) -> None:
    """Get the published files of the data set NAME; a download that was cut goes on where it was.

    Size and hash are checked before a file is put in its place.
    """
    from bench.data._files.fetch import fetch as get  # pooch and requests are slow to import

    if mirror and not mirror.startswith(("http://", "https://")):
        raise BenchError(f"mirror={mirror}: expected an address that begins with http:// or https://")
    plugins.load("dataset", name)
    about = _stated(name, "ABOUT")
    if about is None and _stated(name, "SOURCE"):
        raise BenchError(f"name={name}: reads a file of yours, there is nothing to fetch")
    if about is None or not about.files:
        raise BenchError(f"name={name}: is made here, there is nothing to fetch")
    with _progress(name) as progress:
        paths = get(name, about, mirror, progress)
    for path in paths:
        click.echo(f"{path}: checked, the published file")
    if about.made_here:
        click.echo(f"{name} does without it; to use its images: --set {name}.source={paths[0]}")
    click.echo(f"licence: {about.licence}\ncite: {about.citation}")


def _lines(name: str) -> Iterator[str]:
    about = _stated(name, "ABOUT")
    if about is None:
        yours = _stated(name, "SOURCE")
        yield f"{name}: {_first_line(name)}\n    {f'yours: --set {name}.source={yours}' if yours else 'made here'}"
        return
    shape = "x".join(map(str, about.shape))
    yield f"{name}: {about.title}\n    {about.images:,} images of {shape}, {_size(name, about)}"
    yield f"    licence: {about.licence}\n    cite: {about.citation}"
    if about.page:
        yield f"    see: {about.page}"
    here = [file for file in about.files if (place(name) / file.name).is_file()]
    if about.made_here:
        there = f"; the published file is in {place(name)}" if here else ""
        yield f"    made here, needs no file{there}"
    elif len(here) == len(about.files):
        yield f"    present in {place(name)}"
    elif any(cache_directory().glob(f"{name}-*.npy")):
        yield f"    present, read into {cache_directory()}"
    else:
        yield f"    not present: python -m bench data fetch {name}"


def _stated(name: str, what: str) -> Any:
    """What a data set's module states as ABOUT, or as the SOURCE that it needs; None where it does not."""
    return getattr(sys.modules[plugins.load("dataset", name).__module__], what, None)


def _first_line(name: str) -> str:
    return next(iter((inspect.getdoc(plugins.load("dataset", name)) or "").splitlines()), "")


def _size(name: str, about: Any) -> str:
    """Of the files, where they are known, and of the bytes in the cache."""
    unpacked = f"{about.images * prod(about.shape) / 1e9:.1f} GB as bytes"
    sizes = [file.size for file in about.files]
    return f"{sum(sizes) / 1e6:,.0f} MB to fetch, {unpacked}" if sizes and None not in sizes else unpacked


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on standard error where that is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Fetching {name}", total=None)
        yield lambda at, of: bar.update(task, completed=at, total=of)
