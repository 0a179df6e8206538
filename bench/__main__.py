"""`python -m bench`."""

import sys

import click

from bench.cli.main import bench
from bench.errors import BenchError


def main() -> None:
    """Run the command line. A user's mistake is one line on stderr and exit code 2."""
    try:
        bench(prog_name="bench")
    except BenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
