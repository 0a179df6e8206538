"""What the flags of the command line mean: a study's content, altered."""

from typing import Any

from bench import plugins
from bench.errors import BenchError


def altered(content: dict[str, Any], flags: dict[str, Any]) -> dict[str, Any]:
    """A study's content with the command line's flags in place of its own values."""
    settings, betas = flags.pop("settings"), flags.pop("betas")
    given = {name: value for name, value in flags.items() if value is not None}
    for name in ("methods", "metrics", "codes", "wrap"):
        if name in given:
            given[name] = words(given[name])
    if "seeds" in given:
        given["seeds"] = seeds(given["seeds"])
    if "z_dim" in given:
        given["z_dim"] = [integer("z_dim", word) for word in words(given["z_dim"])]
    content = {**content, **given}
    content["set"] = {name: dict(arguments) for name, arguments in tables(content.get("set", {})).items()}
    for setting in settings:
        name, argument, values = split_setting(setting)
        content["set"].setdefault(name, {})[argument] = values
    if betas is not None:
        set_betas(content, words(betas))
    return content


def set_betas(content: dict[str, Any], betas: list[str]) -> None:
    """`--betas`: beta of every chosen method that has one. BenchError where none has."""
    methods = content.get("methods")
    if not isinstance(methods, list) or not all(isinstance(method, str) for method in methods):
        raise BenchError(f"methods={methods}: expected a list of names")
    chosen = [m for m in methods if "beta" in plugins.defaults("method", m)]
    if not chosen:
        raise BenchError(f"betas={','.join(betas)}: none of the methods {','.join(methods)} has a beta")
    for method in chosen:
        content["set"].setdefault(method, {})["beta"] = betas


def tables(given: Any) -> dict[str, dict[str, Any]]:
    """The arguments of plugins by name, as a study file sets them, or BenchError."""
    if not isinstance(given, dict) or not all(isinstance(arguments, dict) for arguments in given.values()):
        raise BenchError(f"set={given}: expected a table of arguments for each plugin, for example [set.betavae]")
    return given


def split_setting(setting: str) -> tuple[str, str, list[str] | str]:
    """`factorvae.gamma=10,40` in its parts; `lambda` stands for `lambda_`, a file's name stays whole."""
    target, equals, values = setting.partition("=")
    name, dot, argument = target.partition(".")
    if not (equals and dot and name and argument and values):
        raise BenchError(f"set={setting}: expected PLUGIN.ARGUMENT=VALUE[,VALUE...], for example factorvae.gamma=10,40")
    if argument == "source":
        return name, argument, values
    parts = words(values)
    return name, "lambda_" if argument == "lambda" else argument, parts if len(parts) > 1 else parts[0]


def seeds(given: str) -> int | list[int]:
    """`5` is how many; a list, or one seed and a comma, is which."""
    if "," in given:
        return [integer("seeds", word) for word in words(given)]
    count = integer("seeds", given)
    if count < 1:
        raise BenchError(f"seeds={given}: expected at least 1, or a list of seeds such as 3,7,11")
    return count


def integer(argument: str, given: str) -> int:
    """A whole number, or BenchError."""
    try:
        return int(given)
    except ValueError:
        raise BenchError(f"{argument}={given}: expected a whole number or a comma-separated list of them") from None


def words(given: str) -> list[str]:
    """The parts of a comma-separated list."""
    return [word.strip() for word in given.split(",") if word.strip()]
