import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench import environment as module
from bench.environment import (
    REPRODUCIBLE,
    at_home,
    cache_directory,
    environment,
    is_reproducible,
    pinned,
    reproducible_kernels,
    same_platform,
    settle_caches,
    temporary_folder,
    writable,
)

ROOT = Path(__file__).parents[2]
SETTLED = ("BENCH_CACHE", "HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR", "TRITON_HOME")
SETTLED = (*SETTLED, "TORCHINDUCTOR_CACHE_DIR", "XDG_CONFIG_HOME")
PRIVILEGE = "+dac_read_search"  # so that a Python in a folder of root's can be read; nothing can be written by it


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


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """An environment that says nothing of caches; temporary files lie in `tmp`."""
    for name in SETTLED:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(module.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    return tmp_path


def said():
    return {name: os.environ[name] for name in SETTLED if name in os.environ}


def test_where_all_can_be_written_nothing_is_said(bare):
    before = said()
    settle_caches()
    assert said() == before
    assert cache_directory() == bare / "home/.cache/disentanglement-bench"
    assert not (bare / "home").exists()


def test_what_cannot_be_written_lies_in_a_temporary_folder(bare, monkeypatch):
    monkeypatch.setattr(module, "writable", lambda folder: not folder.is_relative_to(bare / "home"))
    settle_caches()
    assert cache_directory() == temporary_folder()
    for name in ("XDG_CACHE_HOME", "MPLCONFIGDIR", "TRITON_HOME", "TORCHINDUCTOR_CACHE_DIR"):
        assert Path(os.environ[name]).is_relative_to(temporary_folder()), name
    assert "NUMBA_CACHE_DIR" not in os.environ, "it can be kept beside the code"
    before = said()
    settle_caches()
    assert said() == before


def test_what_cannot_be_written_lies_in_bench_cache_if_there_is_one(bare, monkeypatch):
    monkeypatch.setenv("BENCH_CACHE", str(bare / "mine"))
    monkeypatch.setenv("MPLCONFIGDIR", str(bare / "settings"))
    monkeypatch.setattr(module, "writable", lambda folder: folder == bare / "mine")
    settle_caches()
    assert os.environ["NUMBA_CACHE_DIR"] == str(bare / "mine/libraries/numba_cache_dir")
    assert os.environ["MPLCONFIGDIR"] == str(bare / "settings")
    assert cache_directory() == bare / "mine"


def test_a_user_without_a_home(bare, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(module.os.path, "expanduser", lambda path: path)
    monkeypatch.setattr(module, "user_cache_path", fails)
    monkeypatch.setattr(module, "user_config_path", fails)
    monkeypatch.delenv("HOME")
    settle_caches()
    assert Path(os.environ["HOME"]).is_relative_to(temporary_folder())
    assert cache_directory() == temporary_folder()


def test_a_temporary_folder_is_the_users_alone(bare):
    found = temporary_folder()
    assert found == temporary_folder()
    assert found.stat().st_mode & 0o777 == 0o700
    found.chmod(0o777)
    other = temporary_folder()
    assert other != found
    found.rmdir()
    found.symlink_to(bare)
    assert temporary_folder() not in (found, bare)


def test_what_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    assert writable(tmp_path / "a/b")
    assert not writable(tmp_path / "file/a")
    assert not writable(Path("~/.cache"))


def test_a_path_at_home(bare):
    assert at_home("~/x") == bare / "home/x"
    assert at_home("~no-such-user/x") == Path("~no-such-user/x")
    assert at_home("x/~") == Path("x/~")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_another_user_needs_nothing_but_a_folder(tmp_path):
    """Scores by a metric that numba compiles, as nobody, who has no home and may write in the working folder only."""
    folder = tmp_path / "work"
    folder.mkdir()
    folder.chmod(0o777)
    rng = np.random.default_rng(0)
    v = rng.integers(3, size=(300, 2))
    np.savez(folder / "codes.npz", z=v + rng.normal(0, 0.1, v.shape), v=v)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"TMPDIR": str(folder), "HOME": "/nonexistent"}
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    user += [f"--inh-caps={PRIVILEGE}", f"--ambient-caps={PRIVILEGE}"]
    rows = ["--n-train", "200", "--n-test", "100"]
    for parent in tmp_path.parents[:2]:
        parent.chmod(0o755)
    done = subprocess.run(
        [*user, sys.executable, "-m", "bench", "score", "codes.npz", "--metrics", "dci", *rows],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "dci_disentanglement" in done.stdout
    (kept,) = folder.glob("disentanglement-bench-65534")
    assert list(kept.rglob("*.nbi")), "compiled once, for all processes"


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
