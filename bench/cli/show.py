"""`bench show`: one run, and the command that makes it again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from bench.cli.options import PATH, folders_of
from bench.errors import BenchError, printable
from bench.report.words.again import command
from bench.store.files import Damaged
from bench.store.store import Store


@click.command()
@click.argument("key")
@click.argument("results", type=PATH, default=Path("results"))
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def show(key: str, results: Path, as_json: bool) -> None:
    """A run: its spec, scores, costs, environment, and the command that makes it again.

    KEY is the run's key or its first digits; RESULTS a study's folder, or a folder of studies.
    """
    folder, whole = found(key, results)
    store = Store(folder)
    try:
        record, scores = store.record(whole), store.scores(whole)
    except Damaged as error:
        raise BenchError(f"key={key}: {folder / whole} is damaged: {printable(str(error))}") from None
    content: dict[str, Any] = {"folder": str(folder / whole), **msgspec.to_builtins(record)}
    content["scores"] = {file.protocol: [repeat.values for repeat in file.repeats] for file in scores}
    content["skipped"] = {file.protocol: file.repeats[0].skipped for file in scores if file.repeats[0].skipped}
    content["command"] = command(record, scores)
    if as_json:
        click.echo(msgspec.json.encode(content).decode())
    else:
        click.echo("\n".join(printable(line) for line in lines(content)))


def found(key: str, results: Path) -> tuple[Path, str]:
    """The folder and the whole key of the one run whose key begins so. BenchError where there is none, or several."""
    keys = {folder: Store(folder).keys() for folder in folders_of(results)}
    matches = [(folder, k) for folder, several in keys.items() for k in several if k.startswith(key)]
    if not matches:
        raise BenchError(f"key={key}: no run in {results} has a key that begins so")
    if len({k for _, k in matches}) > 1:
        several = ", ".join(str(folder / k) for folder, k in matches[:5])
        raise BenchError(f"key={key}: begins the keys of {len(matches)} runs ({several}...); give more of its digits")
    return matches[0]


def lines(content: Mapping[str, Any]) -> list[str]:
    """The same for people: a line for each name; what has parts is indented below it."""
    told = []
    for name, value in content.items():
        if isinstance(value, Mapping) and value:
            told += [f"{name}:", *(f"  {line}" for line in lines(value))]
        elif value not in (None, "", {}, []):
            parts = [
                ", ".join(f"{n} {v}" for n, v in p.items()) if isinstance(p, dict) else str(p) for p in _list(value)
            ]
            told.append(f"{name}: {'; '.join(parts)}")
    return told


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
