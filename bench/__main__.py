"""`python -m bench`."""

import errno
import importlib.util
import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from bench.cli.main import bench
from bench.errors import BenchError, printable

ROOT = Path(__file__).parents[1]
FULL = (errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    """Run the command line. A user's mistake is one line on stderr and exit code 2; a full disk one and 1."""
    try:
        for package in ("methods", "metrics"):
            check_not_hidden(package)
        bench(prog_name="bench")
    except BenchError as error:
        click.echo(f"error: {printable(str(error))}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.errno not in FULL:
            raise
        with suppress(OSError):  # what is left of the output has nowhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"error: cannot write: {error}", err=True)
        sys.exit(1)


def check_not_hidden(package: str) -> None:
    """BenchError where Python finds another file of this name first, as `python -m bench` does in the user's folder."""
    spec = importlib.util.find_spec(package)
    places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
    found = next((Path(place) for place in places if place is not None), None)
    if found is None or found.resolve() not in (ROOT / package / "__init__.py", ROOT / package):
        raise BenchError(
            f"{found}: hides the suite's package {package!r} from Python; rename it, run from another folder, or use "
            "the command `bench` instead of `python -m bench`"
        )


if __name__ == "__main__":
    main()
