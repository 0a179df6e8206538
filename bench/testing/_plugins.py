"""What is asked of a plugin of any kind."""

import inspect

from bench import plugins
from bench.testing._parts import expect


def its_name_is_its_own(kind: str, name: str) -> None:
    """A name belongs to one plugin of one kind, since `--set NAME.ARGUMENT=VALUE` says no more."""
    others = [other for other in plugins.FOLDERS if other != kind and name in plugins.names(other)]
    expect(not others, name, f"is the name of a {' and a '.join([kind, *others])}", "a name of its own")


def it_is_documented(kind: str, name: str) -> None:
    """By a docstring, and its module by another, whose first line `bench list` shows."""
    plugin = plugins.load(kind, name)
    module = inspect.getmodule(plugin)
    expect(plugin.__doc__, name, f"{plugin.__name__} has no docstring", "one with the formula and its source")
    expect(module and module.__doc__, name, "its module has no docstring", "one that begins with the source")


def its_arguments_can_be_stated(kind: str, name: str) -> None:
    """Each is annotated as a bool, int, float or str, of which its default is one, and survives being written down.

    Or as one of these or None, and is None by default: it is stated where it is given.
    """
    for argument, parameter in plugins.defaults(kind, name).items():
        expect(
            plugins.type_of(parameter) in (bool, int, float, str),
            name,
            f"argument {argument} is annotated {parameter.annotation}",
            "bool, int, float or str (and no `from __future__ import annotations`)",
        )
    resolved = plugins.resolve(kind, name, {})
    written = plugins.resolve(kind, name, {argument: str(value) for argument, value in resolved.items()})
    expect(written == resolved, name, f"arguments {resolved} read back as {written}", "the same")


CHECKS = (its_name_is_its_own, it_is_documented, its_arguments_can_be_stated)
