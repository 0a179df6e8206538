import subprocess

import pytest

from bench import environment as module
from bench.environment import REPRODUCIBLE, environment, is_reproducible, pinned, reproducible_kernels, same_platform


@pytest.fixture
def fresh():
    environment.cache_clear()
    yield environment
    environment.cache_clear()


def test_where_numbers_come_from(fresh):
    import torch

    found = fresh()
    assert found["version_torch"] == torch.__version__
    assert {"code_version", "commit", "dirty", "python", "platform", "cpu", "version_numpy"} <= found.keys()
    assert found["cpu"]


@pytest.mark.parametrize("error", [FileNotFoundError("git"), subprocess.TimeoutExpired("git", 10)])
def test_without_git_the_commit_is_unknown(fresh, monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(module.subprocess, "run", fails)
    assert (fresh()["commit"], fresh()["dirty"]) == ("unknown", False)


def test_a_repository_around_the_suite_is_not_the_suites(fresh, monkeypatch):
    monkeypatch.setattr(
        module, "_git", lambda root, *arguments: "/another/root" if "--show-toplevel" in arguments else "x"
    )
    assert fresh()["commit"] == "unknown"


HERE = {
    "platform": "Linux-6.1.0-x86_64-with-glibc2.36",
    "python": "3.11.7",
    "version_torch": "2.13.0",
    "device": "cpu",
    "threads": 1,
    "cpu": "one",
    "caches": "L2 2048K",
}
PINS = {f"pinned_{name}": value for name, value in REPRODUCIBLE.items()}


def test_the_kernels_asked_for_hold_for_processes_begun_within(monkeypatch):
    monkeypatch.setenv("MKL_CBWR", "AVX2")
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert "pinned_OPENBLAS_CORETYPE" not in pinned()
    assert not is_reproducible(pinned())
    with reproducible_kernels():
        assert pinned() == PINS
        assert is_reproducible(pinned())
    assert pinned()["pinned_MKL_CBWR"] == "AVX2"
    assert "pinned_OPENBLAS_CORETYPE" not in pinned()


@pytest.mark.parametrize(
    ("change", "same", "same_if_reproducible"),
    [
        ({}, True, True),
        ({"platform": "Linux-6.18.44-fc-v669-x86_64-with-glibc2.36"}, True, True),  # another kernel
        ({"cpu": "another"}, False, True),
        ({"caches": "L2 1024K"}, False, True),
        ({"instruction_set": "avx2"}, True, True),  # of which the other says nothing
        ({"platform": "Linux-6.1.0-x86_64-with-glibc2.31"}, False, False),
        ({"platform": "Linux-6.1.0-aarch64-with-glibc2.36"}, False, False),
        ({"version_torch": "2.14.0"}, False, False),
        ({"threads": 2}, False, False),
        ({"device": "cuda"}, False, False),
    ],
)
def test_what_promises_the_same_bits(change, same, same_if_reproducible):
    assert same_platform(HERE, HERE | change) is same
    assert same_platform(HERE | change, HERE) is same
    assert same_platform(HERE | PINS, HERE | PINS | change) is same_if_reproducible
    assert not same_platform(HERE | PINS, HERE | change)  # one of the two alone
