"""Leases between threads, processes and machines that are made up."""

import errno
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psutil
import pytest

from bench.errors import BenchError
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


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"x" * 100_000, b'{"x": ' + b"[" * 60_000])
def test_a_broken_lease_is_nobodys(root, content):
    (root / module.FOLDER).mkdir()
    (root / module.FOLDER / f"{KEY}.3.json").write_bytes(content)
    aged(root / module.FOLDER / f"{KEY}.3.json", 1000)
    progress_file(root / module.FOLDER, KEY).write_bytes(content)
    assert progress(root / module.FOLDER, KEY) is None
    with Leases(root) as mine:
        assert mine.take(KEY)
        assert leases(root / module.FOLDER)[0][1] == 4


def test_a_lease_without_content_is_being_made_for_a_while(root):
    """As on a file system without hard links, between its name and its content."""
    (root / module.FOLDER).mkdir()
    path = root / module.FOLDER / f"{KEY}.3.json"
    path.touch()
    with Leases(root) as mine:
        assert not mine.take(KEY)
        aged(path, 1000)
        assert mine.take(KEY)


@pytest.mark.parametrize("reason", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_hard_links_one_still_wins(root, monkeypatch, reason):
    def link(*_):
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "link", link)
    assert module._made(root / "lease", b"first", root / "aside")
    assert not module._made(root / "lease", b"second", root / "aside")
    assert (root / "lease").read_bytes() == b"first"
    assert [p.name for p in root.iterdir()] == ["lease"]
    test_a_run_is_one_process_s_until_it_is_released(root)
    test_of_many_at_once_one_wins(root)


def test_what_cannot_be_written_is_said_in_a_line(root, monkeypatch):
    (root / "file").touch()
    with pytest.raises(BenchError, match=r"file/\.leases: cannot be written: Not a directory"), Leases(root / "file"):
        pass
    with Leases(root) as mine:
        monkeypatch.setattr(module.Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(BenchError, match="cannot be written: No space left"):
            mine.take(KEY)


def test_a_process_that_got_a_dead_one_s_number_has_not_its_leases(root):
    """The lease names this process's number, and a time before it began."""
    folder = root / module.FOLDER
    folder.mkdir()
    process = psutil.Process()
    owner = f"{module.machine()}-{process.pid}-aa"
    made = dict(owner=owner, host="here", machine=module.machine(), pid=process.pid, taken=0.0)
    (folder / f"{KEY}.0.json").write_bytes(msgspec.json.encode(Lease(started=process.create_time() - 1000, **made)))
    with Leases(root) as mine:
        assert mine.take(KEY)
        mine.release(KEY)
        (folder / f"{KEY}.0.json").write_bytes(msgspec.json.encode(Lease(started=process.create_time(), **made)))
        assert not mine.take(KEY)


@pytest.mark.parametrize("behind", [-1e6, 1e6])
def test_signs_are_dated_by_the_folder_s_clock(root, monkeypatch, behind):
    """The clock of the machine that has the folder may be days from ours."""
    clock = time.time() + behind

    def stamped(path, times=None, **_):
        utime(path, times or (clock, clock))

    utime = os.utime
    sign = foreign(root)
    monkeypatch.setattr(os, "utime", stamped)
    lease = root / module.FOLDER / f"{KEY}.0.json"
    with Leases(root) as mine:
        for path in (lease, sign):
            stamped(path, (clock - 30, clock - 30))
        assert not mine.take(KEY)
        for path in (lease, sign):
            stamped(path, (clock - 1000, clock - 1000))
        assert mine.take(KEY)


def test_a_beat_that_is_late_costs_no_lease(root):
    """A busy server holds writes back for longer than a few beats."""
    sign = foreign(root)
    aged(root / module.FOLDER / f"{KEY}.0.json", 1000)
    with Leases(root) as mine:
        aged(sign, 6 * module.BEAT)
        assert not mine.take(KEY)


def test_what_is_held_is_not_swept(root):
    with Leases(root) as one, Leases(root) as two:
        assert one.take(KEY)
        progress_file(root / module.FOLDER, KEY).write_bytes(b"{}")
        for each in (one, two):
            each.sweep(lambda key: True)
        assert [(key, lease.owner) for key, _, lease in leases(root / module.FOLDER)] == [(KEY, one.owner)]
        assert progress_file(root / module.FOLDER, KEY).exists()
        assert {p.name for p in (root / module.FOLDER).glob("*.alive")} == {one.sign.name, two.sign.name}
        assert not two.take(KEY)


def test_names_that_no_process_gives_are_no_trouble(root):
    folder = root / module.FOLDER
    folder.mkdir()
    (folder / "a-b-c-d.alive").touch()
    (folder / f"{KEY}.{'9' * 200}.json").touch()
    (folder / f"{KEY}.1.json").mkdir()
    for path in folder.iterdir():
        aged(path, 1000)
    with Leases(root) as mine:
        mine.sweep(lambda key: True)
        assert mine.take(KEY)


def test_no_lease_lies_behind_a_link(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (root / module.FOLDER).symlink_to(outside)
    with pytest.raises(BenchError, match="is a link"):
        Leases(root)
    (root / module.FOLDER).unlink()
    foreign(outside)
    (root / module.FOLDER).mkdir()
    (root / module.FOLDER / f"{KEY}.0.json").symlink_to(outside / module.FOLDER / f"{KEY}.0.json")
    assert leases(root / module.FOLDER) == [(KEY, 0, None)]


def test_progress_is_read_as_it_was_written(root):
    path = progress_file(root, KEY)
    assert progress(root, KEY) is None
    told = Progress("training", 3, 10, 5.0, 1.5, 2.0)
    path.write_bytes(msgspec.json.encode(told))
    assert progress(root, KEY) == told
