"""Help texts in sections: the commands of the suite, and the options of a command that has many."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import click


class Sections(click.Command):
    """A command whose options are listed under the titles that `bench.cli.options.options` gave them."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options without a title come first, under Options."""
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(parameter, "section", "Options"), []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def titled(title: str, option: Any) -> Any:
    """The same decorator of an option, which then stands under this title."""

    def add(command: Any) -> Any:
        command = option(command)
        command.__click_params__[-1].section = title
        return command

    return add


def commands(
    formatter: click.HelpFormatter, sections: Mapping[str, Iterable[str]], docstrings: Mapping[str, str]
) -> None:
    """Every command with the whole first paragraph of its docstring, in sections."""
    for title, names in sections.items():
        with formatter.section(title):
            first = {name: inspect.cleandoc(docstrings[name]).split("\n\n")[0] for name in names}
            formatter.write_dl([(name, " ".join(text.split())) for name, text in first.items()])
