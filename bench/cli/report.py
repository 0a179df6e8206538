"""`bench report` at the terminal. It imports no torch: reports are made where nothing is trained."""

from collections.abc import Sequence
from pathlib import Path

import click

from bench.cli.options import PATH, folders_of, opened, writable
from bench.errors import BenchError, printable
from bench.report.comparison.beside import Beside, Origin, comparable, reproduced
from bench.report.comparison.outcomes import is_report, of_store
from bench.report.comparison.published import Published
from bench.report.words.names import AGAINST, BOARD
from bench.report.write import write
from bench.store import bundle
from bench.store.runs import Source
from bench.store.searches import read
from bench.store.store import Store

MOST = 40  # characters of whose numbers they are, in the names of rows


@click.command()
@click.argument("results", type=PATH, nargs=-1)
@click.option("--against", type=PATH, help="A bundle or a report's folder: others' numbers beside these, in grey.")
@click.option("--out", type=PATH, default=Path("reports"), show_default=True)
@click.option("--full", is_flag=True, help="Also the figures of gradients and of lost runs, by which faults are found.")
def report(results: tuple[Path, ...], against: Path | None, out: Path, full: bool) -> None:
    """Tables, CSV files and figures of RESULTS: a study's folder, a bundle, or a folder of studies.

    Several RESULTS make one report in OUT/board: rows of all but the first say whose they are.
    """
    if len(results) > 1:
        board(results, against, out, full)
        return
    folders = folders_of(results[0] if results else Path("results"))
    if against is not None:
        bundle.opened(against)
    for folder in folders:
        beside = [] if against is None else [against]
        made(folder, beside, AGAINST, out / folder.resolve().name, full)


def board(results: Sequence[Path], against: Path | None, out: Path, full: bool) -> None:
    """One report of several people's results."""
    if against is not None:
        raise BenchError(f"against={against}: expected one folder of RESULTS beside it, got {len(results)}")
    for folder in results:
        opened(folder)
    made(results[0], results[1:], BOARD, out / "board", full)


def made(folder: Path, others: Sequence[Path], mark: str, target: Path, full: bool) -> None:
    """Write the report of a folder of runs, with others' beside them. BenchError where these may not stand there."""
    store = Store(folder)
    stores: dict[str, Source] = {"results": store}
    searches = read(folder, lambda line: click.echo(f"passed over {line}", err=True))
    mine, origins = list(store), list[Origin]()
    for other in others:
        source: Source = Published(other) if is_report(other) else Store(other)
        entry = bundle.stated(other)
        who = entry.who if entry is not None and entry.who != bundle.UNKNOWN else other.resolve().name
        who = who[:MOST] if who[:MOST] not in stores else other.resolve().name
        taken, refused = comparable(store, source, who) if mark == AGAINST else (None, ())
        beside = Beside(source, who, mark, taken)
        stores[who] = beside
        again = reproduced(of_store(store), of_store(source))
        origins.append(Origin(who, entry, len(list(beside)), bundle.found_of(other), again, refused))
        for line in refused:
            click.echo(f"left out of {other}: {printable(line)}", err=True)
    entry = bundle.stated(folder)
    if entry is not None or origins:
        origins.insert(0, Origin("", entry, len(mine), bundle.found_of(folder)))
    try:
        files = write(stores, writable(target), searches=searches, origins=origins, full=full)
    except OSError as error:
        raise BenchError(f"out={target}: cannot be written: {error.strerror or error}; it is as it was") from None
    for place, read_of in zip((folder, *others), stores.values(), strict=False):
        for key, reason in read_of.damaged.items():
            click.echo(f"passed over {place / key}: damaged: {printable(reason)}", err=True)
    click.echo(f"{target}: {len(files)} files; begin with {target / 'index.html'}")
