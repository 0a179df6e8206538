"""Leases between threads, processes and machines that are made up."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psutil
import pytest

from bench.execution import leases as module
from bench.execution.job import Progress
from bench.execution.leases import Lease, Leases, leases, progress, progress_file

KEY = "0123456789abcdef"


@pytest.fixture
def root(tmp_path):
    return tmp_path


def foreign(root):
    """A lease that a process of another machine left, and its sign of life."""
    folder = root / module.FOLDER
    folder.mkdir(exist_ok=True)
    lease = Lease(owner="ffffffff-1-aa", host="elsewhere", machine="ffffffff", pid=1, started=0.0, taken=0.0)
    (folder / f"{KEY}.0.json").write_bytes(msgspec.json.encode(lease))
    (folder / f"{lease.owner}.alive").touch()
    return folder / f"{lease.owner}.alive"


def aged(path, seconds):
    stat = path.stat()
    os.utime(path, (stat.st_atime - seconds, stat.st_mtime - seconds))


def test_a_run_is_one_process_s_until_it_is_released(root):
    with Leases(root) as one, Leases(root) as two:
        assert one.take(KEY)
        assert not two.take(KEY)
        one.release(KEY)
        assert two.take(KEY)
    assert list((root / module.FOLDER).iterdir()) == []


def test_of_many_at_once_one_wins(root):
    everyone = [Leases(root) for _ in range(8)]
    for one in everyone:
        one.__enter__()
    for stale in (False, True):
        with ThreadPoolExecutor(8) as pool:
            won = [
                one for one, taken in zip(everyone, pool.map(lambda one: one.take(KEY), everyone), strict=True) if taken
            ]
        assert len(won) == 1
        won[0].release(KEY)
        if not stale:
            for path in (foreign(root), root / module.FOLDER / f"{KEY}.0.json"):
                aged(path, 1000)
    for one in everyone:
        one.__exit__()


def test_the_lease_of_a_dead_process_is_taken_over(root):
    code = (
        "import os, sys; from pathlib import Path; from bench.execution.leases import Leases;"
        f"l = Leases(Path({str(root)!r})).__enter__(); assert l.take({KEY!r}); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    ((key, number, lease),) = leases(root / module.FOLDER)
    assert (key, number) == (KEY, 0)
    assert not psutil.pid_exists(lease.pid)
    with Leases(root) as mine:
        assert not mine.lives(key, number, lease)
        assert mine.take(KEY)
        assert leases(root / module.FOLDER)[0][1] == 1
        mine.release(KEY)
        assert leases(root / module.FOLDER) == []
        mine.sweep(lambda key: False)
    assert list((root / module.FOLDER).iterdir()) == []


def test_a_process_of_another_machine_lives_as_long_as_it_shows(root):
    sign = foreign(root)
    with Leases(root) as mine:
        aged(root / module.FOLDER / f"{KEY}.0.json", 1000)
        assert not mine.take(KEY)
        aged(sign, 1000)
        assert mine.take(KEY)


def test_a_process_shows_that_it_lives(root):
    with Leases(root, beat=0.05) as mine:
        aged(mine.sign, 1000)
        before = mine.sign.stat().st_mtime
        for _ in range(100):
            if mine.sign.stat().st_mtime > before:
                break
            threading.Event().wait(0.05)
        assert mine.sign.stat().st_mtime > before + 900


def test_leases_of_finished_runs_are_swept(root):
    aged(foreign(root), 1000)
    aged(root / module.FOLDER / f"{KEY}.0.json", 1000)
    progress_file(root / module.FOLDER, KEY).write_bytes(b"{}")
    with Leases(root) as mine:
        mine.sweep(lambda key: key == KEY)
        assert [p.name for p in (root / module.FOLDER).iterdir()] == [mine.sign.name]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"x" * 100_000])
def test_a_broken_lease_is_nobodys(root, content):
    (root / module.FOLDER).mkdir()
    (root / module.FOLDER / f"{KEY}.3.json").write_bytes(content)
    progress_file(root / module.FOLDER, KEY).write_bytes(content)
    assert progress(root / module.FOLDER, KEY) is None
    with Leases(root) as mine:
        assert mine.take(KEY)
        assert leases(root / module.FOLDER)[0][1] == 4


def test_progress_is_read_as_it_was_written(root):
    path = progress_file(root, KEY)
    assert progress(root, KEY) is None
    told = Progress("training", 3, 10, 5.0, 1.5, 2.0)
    path.write_bytes(msgspec.json.encode(told))
    assert progress(root, KEY) == told
