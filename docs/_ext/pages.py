"""The pages that are made from the code as the site is built: one for each metric, and the command line's reference."""

import csv
import re
import shutil
from pathlib import Path

import click
from sphinx.application import Sphinx

from bench import plugins
from bench.cli.main import SECTIONS, bench
from bench.data.dsprites import SCENE
from bench.report.figures.style import styled
from bench.scoring.calibrate import Cell, calibration, draw
from bench.scoring.protocol import Protocol, explained
from metrics import _registry

DOCS = Path(__file__).parents[1]


def metric(name: str) -> str:
    """The page of a metric: what docs/metrics.md says of it, how to read it, its picture, its function, its file."""
    notes = (DOCS / "metrics.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^### {name}\n((?:(?!#).*\n?)*)", notes, re.MULTILINE)
    facts = [line.partition(": ") for line in explained(name)[1:]]  # the section has the protocol
    table = "".join(f"| {what} | {fact} |\n" for what, _, fact in facts)
    function = plugins.load("metric", name)
    return f"""# {name}

{section.strip()}

| | |
|---|---|
{table}
## Codes that are known

What it says of codes that are known by formula, on dSprites' grid ([how to read this](../../metrics.md)).

![Scores of known codes by {name}]({name}.svg)

## The function

`from metrics.{name} import {function.__name__}`, or `score(z, v, ["{name}"])` of [metrics](../../api.md), or
`python -m bench score codes.npz --metrics {name}`.

```{{eval-rst}}
.. autofunction:: metrics.{name}.{function.__name__}
```

## The file

```{{literalinclude}} ../../../metrics/{name}.py
:language: python
```
"""


def picture(name: str, out: Path) -> None:
    """`bench calibrate`'s heat map of one metric by its default protocol, from the values in docs/calibration."""
    usual = Protocol(name, plugins.resolve("metric", name, {}), "given")
    with (DOCS / "calibration" / "dsprites.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["protocol"] == usual.id]
    cells = [Cell(row["code"], usual, row["name"], float(row["value"] or "nan")) for row in rows]
    with styled():
        draw(calibration(cells), tuple(SCENE.sizes), 0).savefig(out, metadata={"Date": None})


def command_line() -> str:
    """The page of the command line: each command with its help, in the sections of `bench --help`."""
    top = click.Context(bench, info_name="bench")
    parts = ["# The command line\n\n`bench` and `python -m bench` are the same command.\n"]
    for title, names in SECTIONS.items():
        parts.append(f"## {title}\n")
        for name in names:
            command = bench.get_command(top, name)
            assert command is not None
            parts += [f"### bench {name}\n", f"```text\n{told(command, name, top)}\n```\n"]
            if isinstance(command, click.Group):
                inner = click.Context(command, parent=top, info_name=name)
                parts += [f"```text\n{told(sub, n, inner)}\n```\n" for n, sub in sorted(command.commands.items())]
    return "\n".join(parts)


def told(command: click.Command, name: str, parent: click.Context) -> str:
    """What `--help` prints."""
    return command.get_help(click.Context(command, parent=parent, info_name=name, max_content_width=100))


def write(app: Sphinx) -> None:
    """A listener of `builder-inited`: all of them, beside the pages that are written by hand."""
    folder = DOCS / "generated" / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _registry.own():
        replace(folder / f"{name}.md", metric(name))
        picture(name, folder / f"{name}.svg")
    replace(folder.with_name("commands.md"), command_line())


def replace(path: Path, text: str) -> None:
    """Write what has changed: Sphinx reads again the pages that are newer than its last build."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def bring_report(app: Sphinx, failure: Exception | None) -> None:
    """A listener of `build-finished`: the reference report, a page of its own, beside the site's pages."""
    if failure is None and app.builder.format == "html":
        report = DOCS.parent / "reports" / "reference"
        shutil.copytree(report, Path(app.outdir) / "reference-report", dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's hook."""
    app.connect("builder-inited", write)
    app.connect("build-finished", bring_report)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
