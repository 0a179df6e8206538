"""`python -m bench`."""

import importlib.util
import sys
from pathlib import Path

import click

from bench.cli.main import bench
from bench.errors import BenchError

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the command line. A user's mistake is one line on stderr and exit code 2."""
    try:
        for package in ("methods", "metrics"):
            check_not_hidden(package)
        bench(prog_name="bench")
    except BenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


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
