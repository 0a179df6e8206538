"""The command line: a command's file is loaded when the command is asked for."""

import ast
import importlib
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from bench.cli.help import commands
from bench.environment import NAME

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
SECTIONS = {  # of the help, and in each its commands: the file beside this one, and the name in it
    "A study": {"run": "run.run", "plan": "plan.plan", "status": "status.status", "search": "search.search"},
    "Its results": {
        "report": "report.report",
        "show": "show.show",
        "baselines": "results.baselines",
        "score": "score.score",
        "encode": "encode.encode",
        "verify": "results.verify",
        "compare": "compare.compare_",
        "merge": "results.merge",
        "pack": "pack.pack",
        "pictures": "results.pictures",
    },
    "What there is": {
        "list": "listing.list_",
        "data": "data.data",
        "calibrate": "calibrate.calibrate",
        "new": "new.new",
    },
}
COMMANDS = {name: place for section in SECTIONS.values() for name, place in section.items()}


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

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, of commands, which are not imported for that, and of options."""
        names = [CompletionItem(name, help=stated(name).get_short_help_str()) for name in COMMANDS]
        found = [item for item in names if item.value.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What each does, from the docstring in its file, which is not imported for that."""
        commands(formatter, SECTIONS, {name: stated(name).help or "" for name in COMMANDS})


def stated(name: str) -> click.Command:
    """A command by its name and its docstring alone."""
    file, _, function = COMMANDS[name].partition(".")
    tree = ast.parse(Path(__file__).with_name(f"{file}.py").read_text(encoding="utf-8"))
    (found,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return click.Command(name, help=ast.get_docstring(found))


@click.group(cls=LazyGroup, context_settings=HELP)
@click.version_option(package_name=NAME, prog_name="bench")
def bench() -> None:
    """Train and compare VAE, beta-VAE, FactorVAE and InfoVAE as learners of disentangled representations."""
