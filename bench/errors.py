"""The exception for mistakes of the user, what is done about extras that fail, and texts that are safe to print."""

import unicodedata
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any


class BenchError(Exception):
    """A mistake of the user's: one line that names the argument, what was given and what is allowed.

    The command line prints it and exits with 2. Every other exception keeps its traceback.
    """


class FileNeeded(BenchError):
    """A data set's published file that is not here; the line says how to get it."""


def printable(text: str) -> str:
    r"""The text on one line, with what does not show written out: a terminal obeys an escape (`\x1b`) in a name."""
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else ascii(c)[1:-1] for c in text)


def one_line(error: BaseException) -> str:
    """An exception on one line: `ValueError: expected more than 1 value`."""
    return " ".join(f"{type(error).__name__}: {error}".split())


@contextmanager
def optional(what: str, reasons: MutableMapping[str, Any]) -> Iterator[None]:
    """Within it an extra is made. One that fails costs nothing but itself: `reasons` tells why it is not there.

    Of several failures the first is kept.
    """
    try:
        yield
    except Exception as error:
        reasons.setdefault(what, one_line(error))
