"""The exception for mistakes of the user."""


class BenchError(Exception):
    """A mistake of the user's: one line that names the argument, what was given and what is allowed.

    The command line prints it and exits with 2. Every other exception keeps its traceback.
    """


class FileNeeded(BenchError):
    """A data set's published file that is not here; the line says how to get it."""
