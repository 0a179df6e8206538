"""The exception for mistakes of the user, and texts that are safe to print."""

import unicodedata


class BenchError(Exception):
    """A mistake of the user's: one line that names the argument, what was given and what is allowed.

    The command line prints it and exits with 2. Every other exception keeps its traceback.
    """


class FileNeeded(BenchError):
    """A data set's published file that is not here; the line says how to get it."""


def printable(text: str) -> str:
    r"""The text on one line, with what does not show written out: a terminal obeys an escape (`\x1b`) in a name."""
    return "".join(c if c.isprintable() or unicodedata.category(c) == "Zs" else ascii(c)[1:-1] for c in text)
