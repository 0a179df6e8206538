"""`python -m bench` in a folder whose files have the names of this suite's packages."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def bench(folder, *arguments):
    """As a user of an installed suite types it: the folder stands first on Python's path, the suite after it."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("make", "hides"),
    [
        (lambda folder: (folder / "metrics.py").write_text("x = 1\n"), "metrics.py"),
        (lambda folder: (folder / "methods").mkdir(), None),
        (lambda folder: [(folder / "methods").mkdir(), (folder / "methods" / "__init__.py").touch()], "methods"),
    ],
)
def test_a_name_of_ones_own_in_the_way(tmp_path, make, hides):
    """An empty folder hides a package only where the suite is found by a later finder; it never gives an empty list."""
    make(tmp_path)
    done = bench(tmp_path, "list", "methods")
    if hides is None and done.returncode == 0:
        assert "factorvae" in done.stdout
        return
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {tmp_path / (hides or 'methods')}")
    assert "hides the suite's package" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_one_the_suites_are_listed(tmp_path):
    done = bench(tmp_path, "list", "methods")
    assert done.returncode == 0
    assert "factorvae" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("list", "wrappers"), ("--help",)])
def test_output_that_has_no_room_is_a_line(tmp_path, arguments):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "bench", *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "error: cannot write: [Errno 28] No space left on device\n"


def test_the_version(tmp_path):
    assert bench(tmp_path, "--version").stdout == f"bench, version {version('disentanglement-bench')}\n"


@pytest.mark.parametrize("command", [(), ("data", "info")])
def test_h_is_help(tmp_path, command):
    done = bench(tmp_path, *command, "-h")
    assert (done.returncode, done.stdout.startswith("Usage: ")) == (0, True)
