"""`bench list` at the terminal."""

import inspect
from collections.abc import Callable, Iterable, Iterator

import click

from bench import plugins
from bench.errors import BenchError
from bench.scoring.protocol import explained

KINDS = ("methods", "backbones", "metrics", "datasets", "wrappers", "studies")


@click.command(name="list")
@click.argument("kind", type=click.Choice(KINDS))
def list_(kind: str) -> None:
    """What there is to choose from, with arguments and their defaults."""
    if kind == "studies":
        from bench.study.study import read, shipped  # imports torch, which nothing else here needs

        listed(shipped(), lambda name: [f"{name}: {read(name)['description']}"])
    else:
        listed(plugins.names(kind.removesuffix("s")), lambda name: plugin(kind.removesuffix("s"), name))


def listed(names: Iterable[str], lines: Callable[[str], Iterable[str]]) -> None:
    """Say these lines of each name. A broken plugin costs no other its own: a line names it, and the exit code is 1."""
    broken = []
    for name in names:
        try:
            told = list(lines(name))
        except BenchError as error:
            broken.append(str(error))
            continue
        click.echo("\n".join(told))
    for reason in broken:
        click.echo(reason, err=True)
    if broken:
        raise SystemExit(1)


def plugin(kind: str, name: str) -> Iterator[str]:
    """Name, arguments and source of a plugin; of a metric also what its values mean."""
    defaults = ", ".join(f"{n}={p.default}" for n, p in plugins.defaults(kind, name).items())
    module = inspect.getmodule(plugins.load(kind, name))
    first = next(iter((inspect.getdoc(module) or "").splitlines()), "") if module else ""
    yield f"{name}({defaults}): {first}"
    if kind == "metric":
        yield "".join(f"    {line}\n" for line in explained(name))
