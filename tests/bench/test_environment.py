import subprocess

import pytest

from bench import environment as module
from bench.environment import environment


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
