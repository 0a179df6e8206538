"""Old or new, never half; nothing through a link; what dead writers left."""

import contextlib
import os
import subprocess
import sys

import pytest

from bench.store import atomic
from bench.store.atomic import Linked, read, replacing, replacing_folder, sweep, unlinked


def files(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def interrupted(writing, name):
    """Ctrl-C once something is written."""
    with contextlib.suppress(KeyboardInterrupt), writing as new:
        (new / name).write_text("half")
        raise KeyboardInterrupt


def test_a_file_is_the_old_one_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with replacing(path) as new:
        new.write_text("half")
        assert new.suffix == ".csv"
        assert path.read_text() == "old"
        new.write_text("new")
    assert files(tmp_path) == {"table.csv": "new"}
    interrupted(replacing(path), "")
    with replacing(path):
        pass
    assert files(tmp_path) == {"table.csv": "new"}


def test_a_link_is_replaced_and_what_it_leads_to_is_left(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to("mine")
    atomic.replace(tmp_path / "link", b"new")
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / "link").is_symlink()


@pytest.fixture(params=["exchanged", "file by file", "parent not ours"])
def way(request, monkeypatch):
    """On a system that exchanges folders, on one that does not, and where nothing can be made beside the folder."""
    if request.param != "exchanged":
        monkeypatch.setattr(atomic.ctypes, "CDLL", lambda _: None)
    if request.param == "parent not ours":
        monkeypatch.setattr(atomic.os.path, "ismount", lambda path: path.name == "report")


@pytest.mark.usefixtures("way")
def test_a_folder_is_the_old_one_until_the_new_one_is_whole(tmp_path):
    folder = tmp_path / "report"
    with replacing_folder(folder) as new:
        (new / "figures").mkdir()
        (new / "figures" / "a.png").write_text("1")
        (new / "index.html").write_text("1")
    before = files(folder)
    assert before == {"figures/a.png": "1", "index.html": "1"}
    (folder / "notes.txt").write_text("mine")
    (folder / "figures" / "own.png").write_text("mine")
    (folder / "figures" / "link").symlink_to("own.png")
    before = files(folder)
    with replacing_folder(folder) as new:
        (new / "figures").mkdir()
        (new / "figures" / "a.png").write_text("2")
        assert {name: text for name, text in files(folder).items() if ".writing" not in name} == before
        (new / "index.html").write_text("2")
    mine = {"notes.txt": "mine", "figures/own.png": "mine", "figures/link": "mine"}
    assert files(folder) == {"figures/a.png": "2", "index.html": "2", **mine}
    assert (folder / "figures" / "link").is_symlink()
    interrupted(replacing_folder(folder), "index.html")
    assert files(folder) == {"figures/a.png": "2", "index.html": "2", **mine}
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


@pytest.mark.skipif(not sys.platform.startswith(("linux", "darwin")), reason="asks the system")
def test_folders_are_exchanged_at_once_here(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert atomic._exchanged(tmp_path / "one", tmp_path / "two")
    assert [p.name for p in (tmp_path / "two").iterdir()] == ["one"]
    assert [p.name for p in (tmp_path / "one").iterdir()] == ["two"]


def test_file_by_file_the_page_comes_last(tmp_path, monkeypatch):
    names = ["index.html", "a.csv", "figures/z.png", "report.md"]
    for name in names:
        (tmp_path / "new" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "new" / name).touch()
    moved, replace = [], atomic.Path.replace
    monkeypatch.setattr(atomic.Path, "replace", lambda p, to: (moved.append(to.name), replace(p, to)))
    atomic._move(tmp_path / "new", tmp_path / "old")
    assert moved == ["z.png", "a.csv", "report.md", "index.html"]


def left_by(pid, machine=None, folder=False):
    return f".{'old' if folder else 'writing'}-{machine or atomic.machine()}-{pid}-{'0' * 32}"


def test_what_dead_writers_left_goes_and_nothing_else(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / left_by(dead.pid, folder=True) / "figures").mkdir(parents=True)
    gone = [left_by(dead.pid), left_by(dead.pid, folder=True), left_by(1, "ffffffff")]
    kept = [left_by(os.getpid()), left_by(2, "ffffffff"), ".old-letters", ".writing-", "run", ".writing-0-1-2"]
    for name in {*gone, *kept} - {left_by(dead.pid, folder=True)}:
        (tmp_path / name).touch()
    for name in (".old-letters", left_by(1, "ffffffff")):
        os.utime(tmp_path / name, (0, 0))
    assert {p.name for p in sweep(tmp_path)} == set(gone)
    assert {p.name for p in tmp_path.iterdir()} == set(kept)
    assert sweep(tmp_path / "nowhere") == []


@pytest.mark.parametrize("pid", [0, -1, 10**30])
def test_no_process_has_such_a_number(pid):
    assert pid == 0 or not atomic.alive(pid)


def test_a_process_that_took_a_dead_one_s_number_is_another():
    started = atomic.psutil.Process().create_time()
    assert atomic.alive(os.getpid())
    assert atomic.alive(os.getpid(), started + 1)
    assert not atomic.alive(os.getpid(), started - 1000)


def test_no_link_below_a_results_folder_is_followed(tmp_path):
    (tmp_path / "there" / "scores").mkdir(parents=True)
    (tmp_path / "root").symlink_to("there")
    (tmp_path / "there" / "link").symlink_to("scores")
    assert unlinked(tmp_path / "root", "scores/a.json") == tmp_path / "root" / "scores" / "a.json"
    for name in ("link", "link/a.json"):
        with pytest.raises(Linked, match="link: is a link; under a results folder none is followed"):
            unlinked(tmp_path / "root", name)


def test_only_files_are_read_and_no_more_than_is_asked_for(tmp_path):
    (tmp_path / "file").write_bytes(b"1234")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    assert read(tmp_path / "file", 4) == b"1234"
    for name, told in (("file", "4 bytes, more than the 3"), ("link", "is a link"), ("fifo", "is no file")):
        with pytest.raises(OSError, match=told):
            read(tmp_path / name, 3)
    for name in ("nowhere", "."):
        with pytest.raises(OSError):  # noqa: PT011  # the system's own words
            read(tmp_path / name)
