"""The command line: a command's file is loaded when the command is asked for."""

import ast
import importlib
from pathlib import Path

import click

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
COMMANDS = {  # where each is: the file beside this one, and the name in it
    "baselines": "results.baselines",
    "calibrate": "calibrate.calibrate",
    "compare": "compare.compare_",
    "data": "data.data",
    "list": "listing.list_",
    "merge": "results.merge",
    "pictures": "results.pictures",
    "plan": "plan.plan",
    "report": "report.report",
    "run": "run.run",
    "score": "score.score",
    "search": "search.search",
    "status": "plan.status",
    "verify": "results.verify",
}


class LazyGroup(click.Group):
    """A group that imports a command's file when the command is asked for: what one needs, others do not wait for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        file, _, name = COMMANDS[cmd_name].partition(".")
        command: click.Command = getattr(importlib.import_module(f"bench.cli.{file}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The first sentence of each command, from the docstring in its file, which is not imported for that."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, stated(name).get_short_help_str(limit)) for name in COMMANDS])


def stated(name: str) -> click.Command:
    """A command by its name and its docstring alone."""
    file, _, function = COMMANDS[name].partition(".")
    tree = ast.parse(Path(__file__).with_name(f"{file}.py").read_text(encoding="utf-8"))
    (found,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return click.Command(name, help=ast.get_docstring(found))


@click.group(cls=LazyGroup, context_settings=HELP)
def bench() -> None:
    """Train and compare VAE, beta-VAE, FactorVAE and InfoVAE as learners of disentangled representations."""
