"""The engine of a Dask cluster: a real scheduler and two workers on loopback, of which one is killed on the way."""

import signal
import subprocess
import sys
import time

import msgspec
import pytest

from bench.store.store import Store

pytest.importorskip("distributed", reason="Dask is not installed (extra: dask)")
SLOW = ("--methods", "deadly", "--seeds", "3", "--steps", "30", "--set", "deadly.milliseconds=50")


@pytest.fixture
def cluster(installed, tmp_path):
    """The address of a scheduler, and two worker processes."""
    address = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(address)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen([*dask, "scheduler", "--port", "0", "--no-dashboard", *common], **quiet)
    while not address.exists():
        assert scheduler.poll() is None
        time.sleep(0.1)
    arguments = ["--nthreads", "1", "--no-nanny", "--no-dashboard", *common]
    workers = [subprocess.Popen([*dask, "worker", *arguments], **quiet) for _ in range(2)]
    yield msgspec.json.decode(address.read_bytes())["address"], workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def content(record):
    return msgspec.structs.replace(record, cost={}, environment={})


def test_records_equal_local_ones_though_a_worker_is_killed(bench, cluster, tmp_path):
    address, workers = cluster
    run = [sys.executable, "-m", "bench", "run", "--study", "tiny.toml", *SLOW]
    command = subprocess.Popen([*run, "--out", "far", "--engine", "dask", "--scheduler", address])
    until = time.monotonic() + 300
    while not list((tmp_path / "far" / ".leases").glob("*.progress")):
        assert time.monotonic() < until
        assert command.poll() is None
        time.sleep(0.05)
    workers[0].send_signal(signal.SIGKILL)
    subprocess.run([*run, "--out", "near"], check=True)
    assert command.wait(300) == 0
    near, far = Store(tmp_path / "near"), Store(tmp_path / "far")
    assert [content(record) for record in far] == [content(record) for record in near]
    assert len(far.keys()) == 3
    for key in near.keys():  # noqa: SIM118  # not a mapping
        for name in near.manifest(key).files:
            if not name.startswith(("run", "scores")):  # these hold seconds
                assert far.read(key, name) == near.read(key, name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--engine", "dask"), "engine=dask: expected --scheduler tcp://HOST:PORT"),
        (("--scheduler", "tcp://x:1"), "scheduler=tcp://x:1: only for --engine dask"),
    ],
)
def test_what_an_engine_needs(run, arguments, message):
    assert run(*arguments)[::2] == (2, f"error: {message}\n")
