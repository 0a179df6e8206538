"""The cache of arrays: made once, by one process, and made anew when damaged."""

import errno
import hashlib
import io
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import bench
from bench.data._files import cache as cache_module
from bench.data._files.cache import Recipe, cached, read_npy_header
from bench.errors import BenchError
from bench.store.atomic import ABANDONED

ROWS = np.arange(300 * 16, dtype=np.uint32).astype(np.uint8).reshape(300, 16)
SHA256 = hashlib.sha256(ROWS.data).hexdigest()


class Kitchen:
    """Makes ROWS in blocks of 100 and counts how often."""

    def __init__(self):
        self.times = 0

    def blocks(self):
        self.times += 1
        yield from (ROWS[start : start + 100] for start in range(0, 300, 100))

    def recipe(self, sha256=SHA256):
        return Recipe("rows", "Making rows", ROWS.shape, self.blocks, sha256)


@pytest.fixture
def kitchen(cache):
    return Kitchen()


def files(cache):
    return sorted(path.name for path in cache.iterdir())


def damage(path, at=-1):
    """Flip a byte in place; the clock of some file systems is coarse, so the time of change is set by hand."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    before = path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_an_array_is_made_once_and_mapped(kitchen, cache, capsys):
    for _ in range(3):
        rows, sha256 = cached(kitchen.recipe())
        np.testing.assert_array_equal(rows, ROWS)
        assert isinstance(rows, np.memmap)
        assert not rows.flags.writeable
        assert sha256 == SHA256
    assert kitchen.times == 1
    assert files(cache) == ["rows.lock", "rows.npy", "rows.seal.json"]
    assert capsys.readouterr().err == "Making rows\n"
    np.testing.assert_array_equal(np.load(cache / "rows.npy", allow_pickle=False), ROWS)


def test_a_sealed_file_is_not_read(kitchen, monkeypatch):
    cached(kitchen.recipe())
    monkeypatch.setattr(cache_module.hashlib, "sha256", lambda _: pytest.fail("hashed again"))
    cached(kitchen.recipe())


def test_a_sha256_that_is_not_known_beforehand_is_recorded(kitchen):
    for _ in range(2):
        assert cached(kitchen.recipe(sha256=None)).sha256 == SHA256
    assert kitchen.times == 1


def test_a_touched_file_is_read_once_and_sealed_again(kitchen, cache):
    cached(kitchen.recipe())
    os.utime(cache / "rows.npy", ns=(5, 5))
    cached(kitchen.recipe())
    assert kitchen.times == 1
    assert json.loads((cache / "rows.seal.json").read_text())["mtime_ns"] == 5


@pytest.mark.parametrize("content", [None, "", "{", "[1]", '{"sha256": 3}'])
def test_a_lost_seal_is_made_again_where_the_sha256_is_known(kitchen, cache, content):
    cached(kitchen.recipe())
    seal = cache / "rows.seal.json"
    good = seal.read_text()
    seal.unlink() if content is None else seal.write_text(content)
    cached(kitchen.recipe())
    assert (kitchen.times, seal.read_text()) == (1, good)


def test_without_seal_and_known_sha256_the_array_is_made_anew(kitchen, cache):
    cached(kitchen.recipe(sha256=None))
    (cache / "rows.seal.json").unlink()
    cached(kitchen.recipe(sha256=None))
    assert kitchen.times == 2


def cut(path):
    os.truncate(path, 1000)


def lengthen(path):
    path.write_bytes(path.read_bytes() + b"\0")


def empty(path):
    path.write_bytes(b"")


def garble(path):
    path.write_bytes(b"\xff" * path.stat().st_size)


def spoil_header(path):
    damage(path, at=12)


def replace_by_others(path):
    np.save(path, ROWS.astype(np.int16))


@pytest.mark.parametrize("harm", [cut, lengthen, empty, garble, spoil_header, replace_by_others, damage])
@pytest.mark.parametrize("sha256", [SHA256, None], ids=["known", "recorded"])
def test_a_damaged_file_is_made_anew_with_a_word(kitchen, cache, capsys, harm, sha256):
    cached(kitchen.recipe(sha256))
    harm(cache / "rows.npy")
    capsys.readouterr()
    rows, found = cached(kitchen.recipe(sha256))
    np.testing.assert_array_equal(rows, ROWS)
    assert (found, kitchen.times) == (SHA256, 2)
    said = capsys.readouterr().err
    assert str(cache / "rows.npy") in said
    assert "making it anew" in said


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_a_header_of_either_version_is_read(version):
    header = {"descr": "<f4", "fortran_order": True, "shape": (3, 5)}
    file = io.BytesIO()
    (np.lib.format.write_array_header_1_0 if version == (1, 0) else np.lib.format.write_array_header_2_0)(file, header)
    end = file.tell()
    file.write(b"data")
    file.seek(0)
    assert read_npy_header(file) == ((3, 5), True, np.dtype("<f4"))
    assert file.tell() == end


@pytest.mark.parametrize("value", [0, 1, ord("'"), ord(","), ord("L"), 255])
def test_a_damaged_header_is_a_value_error_or_another_header(value):
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (737_280, 64, 64)}
    np.lib.format.write_array_header_1_0(file, header)
    for at in range(file.tell()):
        damaged = bytearray(file.getvalue())
        damaged[at] = value
        with suppress(ValueError):  # and nothing else: numpy raises or warns in six ways
            assert len(read_npy_header(io.BytesIO(damaged))) == 3


def test_wrong_rows_never_reach_the_cache(kitchen, cache):
    with pytest.raises(RuntimeError, match=SHA256):
        cached(kitchen.recipe(sha256="0" * 64))
    assert files(cache) == ["rows.lock"]


def test_too_few_rows_never_reach_the_cache(cache):
    with pytest.raises(RuntimeError, match="should have 300 rows, but has 100"):
        cached(Recipe("rows", "Making rows", ROWS.shape, lambda: [ROWS[:100]]))
    assert files(cache) == ["rows.lock"]


def failing(error):
    yield ROWS[:100]
    raise error


def test_a_full_disk_is_told_and_leaves_nothing(cache):
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(BenchError, match=r"BENCH_CACHE: .*No space left on device") as caught:
        cached(Recipe("rows", "Making rows", ROWS.shape, lambda: failing(full)))
    assert str(cache) in str(caught.value)
    assert files(cache) == ["rows.lock"]


def test_an_interrupt_leaves_nothing(cache):
    with pytest.raises(KeyboardInterrupt):
        cached(Recipe("rows", "Making rows", ROWS.shape, lambda: failing(KeyboardInterrupt())))
    assert files(cache) == ["rows.lock"]


def test_a_cache_directory_that_is_a_file_is_told(kitchen, cache):
    cache.write_text("in the way")
    with pytest.raises(BenchError, match=r"BENCH_CACHE: cannot write rows\.npy"):
        cached(kitchen.recipe())


def test_what_a_killed_process_left_is_removed_later(kitchen, cache):
    cache.mkdir()
    old, fresh = (cache / f".writing-{'f' * 8}-1-{n * 32}.npy" for n in ("0", "1"))  # of another machine
    for path in (old, fresh):
        path.touch()
    os.utime(old, (time.time() - 2 * ABANDONED,) * 2)
    cached(kitchen.recipe())
    assert [path.exists() for path in (old, fresh)] == [False, True]


def test_a_terminal_is_shown_a_bar(kitchen, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    cached(kitchen.recipe())
    assert "Making rows" in capsys.readouterr().err


def test_the_default_directory_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("BENCH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "disentanglement-bench" in cache_module.cache_directory().parts


TWO_PROCESSES = """
import sys, time
from pathlib import Path
import numpy as np
from bench.data._files.cache import Recipe, cached

def blocks():
    with open(sys.argv[1], "a") as log:
        log.write("made ")
    time.sleep(0.5)
    yield np.ones((50, 8), np.uint8)

print(cached(Recipe("ones", "Making ones", (50, 8), blocks)).rows.sum())
"""


def test_of_several_processes_one_makes_the_array(cache, tmp_path):
    root = Path(bench.__file__).parents[1]
    log = tmp_path / "log"
    command = [sys.executable, "-c", TWO_PROCESSES, str(log)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, cwd=root, **pipes) for _ in range(3)]
    outcomes = [process.communicate(timeout=60) for process in started]
    assert [out for out, _ in outcomes] == ["400\n"] * 3, outcomes
    assert log.read_text() == "made "
