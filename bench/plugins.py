"""Finding plugins by name, and giving them arguments.

A plugin is the single `__all__` entry of a module: a file without a leading underscore in the kind's folder, or an
entry point of an installed package. Names are listed without importing the plugins.
"""

import ast
import difflib
import importlib
import inspect
import itertools
import pkgutil
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from bench.errors import BenchError

Value = bool | int | float | str
Params = dict[str, Value]

FOLDERS = {
    "method": "methods",
    "backbone": "methods.backbones",
    "metric": "metrics",
    "dataset": "bench.data",
    "wrapper": "bench.wrappers",
}
ENTRY_POINTS = {kind: f"bench.{kind}s" for kind in FOLDERS}


@cache
def names(kind: str) -> tuple[str, ...]:
    """The known plugins of a kind (method, backbone, metric, dataset, wrapper), sorted."""
    return tuple(sorted({*_own(kind), *_installed(kind)}))


@cache
def load(kind: str, name: str) -> Any:
    """The plugin itself, of this suite or of an installed package.

    BenchError for an unknown name, which lists the known ones; for a name that two have, since a record could not tell
    which was meant; and for an entry point that fails to load.
    """
    own, points = name in _own(kind), _installed(kind).get(name, ())
    if own + len(points) > 1:
        have = [*(["this suite"] if own else []), *(f"package {_package(point)}" for point in points)]
        raise BenchError(f"{kind} {name!r} is a name in {' and in '.join(have)}: only one of them can be installed")
    if own:
        module = importlib.import_module(f"{FOLDERS[kind]}.{name}")
        return getattr(module, module.__all__[0])
    if points:
        return _loaded(kind, points[0])
    raise BenchError(unknown(kind, name, names(kind)))


@cache
def stated(kind: str, name: str, attribute: str) -> str:
    """A text that the class of an installed plugin states as an attribute; empty where it states none.

    It is read from the source: nothing is imported, since what a report needs to know must cost it no torch.
    """
    for point in _installed(kind).get(name, ())[:1]:
        with suppress(OSError, SyntaxError, ValueError):
            tree = ast.parse(_source(point.module).read_text(encoding="utf-8"))
            known = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == point.attr]
            for line in [line for node in known for line in node.body if isinstance(line, ast.Assign | ast.AnnAssign)]:
                targets = line.targets if isinstance(line, ast.Assign) else [line.target]
                if ast.unparse(targets[0]) == attribute and isinstance(line.value, ast.Constant):
                    return str(line.value.value)
    return ""


def unknown(what: str, given: str, known: tuple[str, ...] | list[str]) -> str:
    """One line for a name that is not known: the known ones, and the nearest."""
    near = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    return f"unknown {what} {given!r}: choose from {', '.join(known)}" + (f" (did you mean {near[0]}?)" if near else "")


def defaults(kind: str, name: str) -> dict[str, inspect.Parameter]:
    """The arguments of a plugin that have a default, by name, but for those that say where a file lies."""
    return {n: p for n, p in _optional(kind, name).items() if p.annotation != Path | None}


def takes_source(kind: str, name: str) -> bool:
    """Whether the plugin reads a file of the user's (an argument `source: Path | None`)."""
    return "source" in _optional(kind, name)


def resolve(kind: str, name: str, given: Mapping[str, Value]) -> Params:
    """All arguments of a plugin: what was given, cast to the annotated types, and the defaults of the rest.

    Casting makes 4 and 4.0 the same run. An argument that is None by default is left out until it is given, so that a
    plugin which gains one keeps the runs that it had. BenchError names an unknown argument or a value of another type.
    """
    known = defaults(kind, name)
    for argument in given:
        if argument not in known:
            what = f"argument of {name}"
            raise BenchError(unknown(what, argument, list(known)) if known else f"{name} has no argument {argument!r}")
    return {
        argument: cast(f"{name}.{argument}", given.get(argument, parameter.default), type_of(parameter))
        for argument, parameter in sorted(known.items())
        if argument in given or parameter.default is not None
    }


def type_of(parameter: inspect.Parameter) -> Any:
    """The annotated type of an argument; of one that may be None, the other type."""
    either = get_args(parameter.annotation)
    return next(t for t in either if t is not NoneType) if NoneType in either else parameter.annotation


def cast(argument: str, given: Value, to: type[Value]) -> Value:
    """`given` (from a command line or a TOML file) as bool, int, float or str. BenchError names the argument."""
    refused = BenchError(f"{argument}={given}: expected {'an' if to is int else 'a'} {to.__name__}")
    if to is bool and not isinstance(given, bool):
        if str(given).lower() in ("true", "false"):
            return str(given).lower() == "true"
        raise refused
    if to in (int, float) and isinstance(given, bool):
        raise refused
    try:
        value = to(given)
    except (ValueError, OverflowError):
        raise refused from None
    if to is int and isinstance(given, float) and value != given:
        raise refused
    return value


def _optional(kind: str, name: str) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(load(kind, name)).parameters
    return {n: p for n, p in parameters.items() if p.default is not inspect.Parameter.empty}


@cache
def _own(kind: str) -> tuple[str, ...]:
    package = importlib.import_module(FOLDERS[kind])
    return tuple(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_") and not m.ispkg)


@cache
def _installed(kind: str) -> dict[str, tuple[EntryPoint, ...]]:
    points = sorted(entry_points(group=ENTRY_POINTS[kind]), key=lambda point: (point.name, _package(point)))
    return {name: tuple(same) for name, same in itertools.groupby(points, key=lambda point: point.name)}


def _loaded(kind: str, point: EntryPoint) -> Any:
    try:
        found = point.load()
        if not callable(found):
            raise TypeError(f"{type(found).__name__} is neither a class nor a function")
        return found
    except Exception as error:  # a package's import may raise anything, and none of it is the user's to debug here
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise BenchError(
            f"{kind} {point.name!r} of package {_package(point)} fails to load from {point.value}: {reason}"
        ) from error


def _source(module: str) -> Path:
    """The file of a module of an installed package. OSError where there is none."""
    parts, within = module.split("."), None
    for depth in range(len(parts)):
        found = PathFinder.find_spec(".".join(parts[: depth + 1]), within)
        if found is None:
            break
        within = found.submodule_search_locations
    else:
        return Path(found.origin or "") if found else Path()
    raise FileNotFoundError(module)


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "?"
