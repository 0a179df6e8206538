"""What a record says, in characters that show: a report is opened in terminals and editors, which obey others."""

from typing import Any, TypeVar

import msgspec

from bench.errors import printable

S = TypeVar("S", bound=msgspec.Struct)


def shown(struct: S) -> S:
    """The struct with all lines of text in it as `printable` writes them; the same one where they are."""
    found = msgspec.to_builtins(struct)
    written = _written(found)
    return struct if written == found else msgspec.convert(written, type(struct))


def _written(value: Any) -> Any:
    if isinstance(value, str):
        return "\n".join(map(printable, value.split("\n")))
    if isinstance(value, dict):
        return {printable(name): _written(inner) for name, inner in value.items()}
    return [_written(inner) for inner in value] if isinstance(value, list | tuple) else value
