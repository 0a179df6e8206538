"""Commands on one results folder: shared, interrupted, killed, out of room, damaged. Real processes and signals."""

import contextlib
import errno
import os
import signal
import time
from concurrent.futures import CancelledError, Future

import pytest

from bench.errors import BenchError
from bench.execution import pool
from bench.execution.job import ExecutionConfig, Job, Result
from bench.execution.session import Session
from bench.execution.status import ASKED
from bench.spec import Record
from bench.store.files import MANIFEST, Artefacts
from bench.store.store import Store

SLOW = ("--methods", "deadly", "--seeds", "3", "--steps", "40", "--set", "deadly.milliseconds=50", "--jobs", "2")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results" / "tiny")


@pytest.fixture
def begin(start):
    """begin(*arguments): bench run of the tiny study as a process of its own."""
    return lambda *arguments: start("run", "--study", "tiny.toml", *arguments)


def wait_for(path, pattern, seconds=300):
    until = time.monotonic() + seconds
    while not (path.is_dir() and any(path.glob(pattern))):
        assert time.monotonic() < until
        time.sleep(0.02)


def left_over(store):
    """Files in the results folder that are no run's."""
    relative = [p.relative_to(store.root) for p in store.root.rglob("*") if p.is_file()]
    return [str(p) for p in relative if p.parts[0].startswith(".") and p.name != ASKED]


def test_two_commands_share_the_work_and_one_takes_over_what_a_dead_one_leaves(begin, store):
    first = begin(*SLOW)
    wait_for(store.root / ".leases", "*.progress")
    second = begin(*SLOW)
    time.sleep(0.5)
    first.send_signal(signal.SIGKILL)
    out, _ = second.communicate(timeout=6000)
    assert second.returncode == 0, out
    assert [record.status for record in store] == ["done"] * 3
    assert left_over(store) == []


def test_ctrl_c_keeps_what_is_under_way_and_the_same_command_goes_on(begin, store):
    command = begin(*SLOW, "--jobs", 1)
    wait_for(store.root / ".leases", "*.progress")
    time.sleep(0.5)
    command.send_signal(signal.SIGINT)
    out, _ = command.communicate(timeout=600)
    assert command.returncode == 130, out
    assert "the same command goes on from there" in out
    assert any((store.root / ".checkpoints").iterdir())
    again = begin(*SLOW)
    out, _ = again.communicate(timeout=6000)
    assert again.returncode == 0, out
    assert any("resumed_at" in record.cost for record in store)
    assert left_over(store) == []


def test_a_full_disk_is_named_and_leaves_no_half_run(run, store, monkeypatch):
    fsync, left = os.fsync, iter([True] * 3)

    def full(handle):
        if not next(left, False):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run()
    assert (code, err.count("\n")) == (2, 1)
    assert "No space left on device" in err
    assert "the same command goes on" in err
    assert store.keys() == []
    assert left_over(store) == []
    monkeypatch.setattr(os, "fsync", fsync)
    assert run()[0] == 0
    assert len(store.keys()) == 4


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        ("truncated", MANIFEST),
        ("truncated", "run.json"),
        ("altered", "history.csv"),
        ("altered", "model.safetensors"),
        ("missing", "posterior.npz"),
    ],
)
def test_a_damaged_run_is_moved_aside_and_run_again(run, bench, store, harm, name):
    arguments = ("--methods", "vae", "--seeds", 1)
    run(*arguments)
    (key,) = store.keys()
    record, path = store.record(key), store.root / key / name
    content = path.read_bytes()
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:-5] if harm == "truncated" else content[:-5] + b"?" + content[-4:])
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    assert f"damaged: {key}/" in out
    assert "moved to .damaged-" in out
    assert store.record(key).diagnostics == record.diagnostics
    assert bench("report", "results")[0] == 0


def test_a_manifest_that_leads_out_of_its_folder_is_damaged(run, store, tmp_path):
    run("--methods", "vae", "--seeds", 1)
    (key,) = store.keys()
    (tmp_path / "results" / "secret").write_text("x")
    manifest = store.root / key / MANIFEST
    manifest.write_text(manifest.read_text().replace('"history.csv"', '"../../secret"'))
    code, out, _ = run("--methods", "vae", "--seeds", 1)
    assert code == 0
    assert "which is no file of this folder" in out
    assert (tmp_path / "results" / "secret").read_text() == "x"


class Broken:
    """An engine that breaks down so many times in a row."""

    def __init__(self, times):
        self.times, self.submitted = times, 0

    def submit(self, call, *arguments):
        self.submitted += 1
        future = Future()
        if self.submitted <= self.times:
            future.set_exception(CancelledError("lost"))
        else:
            future.set_result(
                Result(
                    arguments[0],
                    Record(key=arguments[0].spec.key, spec=arguments[0].spec, status="failed"),
                    Artefacts(),
                )
            )
        return future


@pytest.mark.parametrize(("times", "outcome"), [(3, "failed"), (4, "lost")])
def test_a_job_is_submitted_again_where_the_engine_breaks_down_but_not_for_ever(
    spec_of, tmp_path, monkeypatch, times, outcome
):
    engine = Broken(times)
    monkeypatch.setattr(pool, "executor", lambda *_: contextlib.nullcontext((engine, lambda: 1)))
    results = Session(Store(tmp_path), ExecutionConfig()).results([Job(spec_of())])
    try:
        found = [result.record.status for result in results]
    except CancelledError as error:
        found = [str(error)]
    assert found == [outcome]
    assert engine.submitted == 4
    assert not list((tmp_path / ".leases").iterdir())


def test_a_scheduler_that_does_not_answer_is_one_line(monkeypatch):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra: dask)")

    def silent(address):
        raise OSError(f"Timed out trying to connect to {address}")

    monkeypatch.setattr(distributed, "Client", silent)
    with pytest.raises(BenchError, match="scheduler=tcp://nowhere:1: Timed out"), pool.executor(0, "tcp://nowhere:1"):
        pass
