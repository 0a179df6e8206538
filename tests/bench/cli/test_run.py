"""What commands that carry out runs make of their options."""

import click
import pytest
from click.testing import CliRunner

from bench.cli.options import HOW, PLACE, check_reproducible, means_of, options
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


def test_reproducible_runs_need_the_processor_with_avx2(monkeypatch):
    from bench.cli import options

    monkeypatch.setattr(options, "environment", lambda: {"instruction_set": "avx2"})
    assert given("--device", "cpu", "--jobs", "1", "--reproducible")[0] == Means(reproducible=True)
    with pytest.raises(BenchError, match="reproducible=True: not on cuda:0; expected --device cpu"):
        check_reproducible(True, ("cuda:0",))
    monkeypatch.setattr(options, "environment", lambda: {"instruction_set": "arm64"})
    with pytest.raises(BenchError, match="expected an x86-64 processor with AVX2; this one has arm64"):
        given("--device", "cpu", "--reproducible")
    check_reproducible(False, ("cuda:0",))


def test_what_a_command_starts_is_reproducible(bench, monkeypatch):
    """A plan's jobs are; run, search and plan take them from the same place."""
    from bench.cli import run as module

    asked = []
    monkeypatch.setattr(module, "execute", lambda jobs, *_, **__: asked.extend(jobs))
    for flags in ((), ("--reproducible",)):
        assert bench("run", "--study", "tiny.toml", "--device", "cpu", *flags)[0] == 0
    assert [job.reproducible for job in asked] == [False] * 4 + [True] * 4


def test_a_device_that_there_is_not_is_refused():
    with pytest.raises(BenchError, match="device=gpu"):
        given("--device", "gpu")
