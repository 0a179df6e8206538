"""`bench data list` and `bench data fetch`: which data sets there are, and the files of those that need some."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from bench.cli_list import listed
from bench.errors import BenchError


@click.command("list")
def list_() -> None:
    """All data sets: images, size, licence, citation, and whether they are here."""
    from bench import plugins

    listed(plugins.names("dataset"), _lines)


@click.command()
@click.argument("name")
@click.option("--mirror", default="", metavar="URL", help="The address of a folder with the files, to get them from.")
def fetch(name: str, mirror: str) -> None:
    """Get the published files of the data set NAME; a download that was cut goes on where it was.

    Size and hash are checked before a file is put in its place.
    """
    from bench import plugins
    from bench.fetch import fetch as get

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
    from bench.data._cache import cache_directory
    from bench.data._original import place

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
    import sys

    from bench import plugins

    return getattr(sys.modules[plugins.load("dataset", name).__module__], what, None)


def _first_line(name: str) -> str:
    import inspect

    from bench import plugins

    return next(iter((inspect.getdoc(plugins.load("dataset", name)) or "").splitlines()), "")


def _size(name: str, about: Any) -> str:
    """Of the files, where they are known, and of the bytes in the cache."""
    from math import prod

    unpacked = f"{about.images * prod(about.shape) / 1e9:.1f} GB as bytes"
    sizes = [file.size for file in about.files]
    return f"{sum(sizes) / 1e6:,.0f} MB to fetch, {unpacked}" if sizes and None not in sizes else unpacked


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"Fetching {name}", total=None)
        yield lambda at, of: bar.update(task, completed=at, total=of)
