"""What commands that carry out runs make of their options."""

import click
import pytest
from click.testing import CliRunner

from bench.cli.options import HOW, PLACE, means_of, options
from bench.errors import BenchError
from bench.execution.job import Means


def given(*arguments):
    """The means that a command with these options would use, and what it has left of them."""
    found = []

    @click.command()
    @options(PLACE, HOW)
    def command(**flags):
        found.append((means_of(flags), flags))

    done = CliRunner().invoke(command, [*arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return found[0]


def test_means_are_what_the_options_say():
    means, left = given(
        *("--device", "cpu", "--runs-per-device", "3", "--threads", "2", "--jobs", "4"),
        *("--timeout", "60", "--retries", "4", "--checkpoint-every", "5"),
    )
    assert means == Means(("cpu",), 3, 2, timeout=60, retries=4, every=5, processes=4)
    assert left == {}


def test_means_without_options_are_the_defaults_but_for_the_devices():
    assert given("--device", "cpu", "--jobs", "1")[0] == Means()


def test_a_device_that_there_is_not_is_refused():
    with pytest.raises(BenchError, match="device=gpu"):
        given("--device", "gpu")
