"""Processes that die, hang or are stopped: real ones, by real signals."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import psutil
import pytest

from bench.environment import is_reproducible
from bench.execution.job import Job, Means
from bench.execution.pool import CREW, result_of


@pytest.fixture
def means(tmp_path):
    return Means(slots=str(tmp_path / "slots"), retries=0)


@pytest.fixture(autouse=True)
def dismissed():
    yield
    CREW.dismiss()


def outcomes(results):
    return {r.job.spec.seed: (r.record.status, (r.record.error or "").splitlines()[-1:]) for r in results}


def test_a_run_that_dies_is_recorded_with_the_reason_and_the_rest_goes_on(spec_of, session, means):
    jobs = [
        Job(spec_of(seed=0)),
        Job(spec_of("deadly", {"kill_at": 2}, seed=1)),
        Job(spec_of("deadly", {"kill_at": 1, "signal": 6}, seed=2)),
        Job(spec_of(seed=3)),
    ]
    assert outcomes(session(means, 2).results(jobs)) == {
        0: ("done", []),
        1: ("failed", ["its process died by SIGKILL"]),
        2: ("failed", ["its process died by SIGABRT"]),
        3: ("done", []),
    }


def test_a_reproducible_run_takes_the_kernels_that_every_processor_has(spec_of, means):
    result = result_of(Job(spec_of(), reproducible=True), means)
    environment = result.record.environment
    assert is_reproducible(environment)
    assert environment["kernels"] in ("AVX2", "DEFAULT")  # what torch took; DEFAULT on a processor without AVX2
    assert not is_reproducible(result_of(Job(spec_of()), means).record.environment)


def test_a_run_that_hangs_is_ended(spec_of, means):
    begun = time.monotonic()
    result = result_of(Job(spec_of("deadly", {"sleep_at": 1})), replace(means, timeout=6.0))
    assert result.record.status == "failed"
    assert result.record.error == "timeout: not done after 6 s"
    assert time.monotonic() - begun < 40


def test_a_run_that_dies_once_is_tried_again(spec_of, means, tmp_path):
    once = {"kill_at": 2, "once": str(tmp_path / "once")}
    assert result_of(Job(spec_of("deadly", once)), replace(means, retries=1)).record.status == "done"
    twice = result_of(Job(spec_of("deadly", {"kill_at": 2})), replace(means, retries=1))
    assert twice.record.error == "its process died by SIGKILL (attempt 2)"


def test_no_two_runs_share_a_slot_and_none_is_idle(spec_of, session, means, tmp_path):
    """Two places on each of two made-up devices."""
    means = replace(means, devices=("cpu:0", "cpu:1"), runs_per_device=2)
    diary = str(tmp_path / "diary")
    jobs = [Job(spec_of("deadly", {"milliseconds": 60, "diary": diary}, seed=i, steps=10)) for i in range(10)]
    results = list(session(means, 4).results(jobs))
    places = {result.slot for result in results}
    assert places == {"cpu:0/0", "cpu:0/1", "cpu:1/0", "cpu:1/1"}
    lines = [line.split() for line in (tmp_path / "diary").read_text().splitlines()]
    assert {line[3] for line in lines} == {"[]"}  # a run on the processor sees no GPU
    assert len({line[2] for line in lines}) == 4  # one process a place, for its life


def test_who_waits_for_a_slot_gets_it_when_its_holder_has_no_more_to_do(spec_of, session, means):
    means = replace(means, devices=("cpu:0",), idle=0.3)
    results = list(session(means, 2).results([Job(spec_of(seed=i)) for i in range(3)]))
    assert [(r.record.status, r.slot) for r in results] == [("done", "cpu:0/0")] * 3


def test_a_process_ends_with_its_parent(tmp_path, installed, spec_of):
    code = (
        "import os, pickle, sys; from bench.execution.pool import Trainer; from bench.execution.job import Means;"
        f"t = Trainer(Means(slots={str(tmp_path)!r})); t._send(t.means); t._receive();"
        "print(t.process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    ended = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < ended
        time.sleep(0.1)


def test_all_can_be_told_to_stop(spec_of, session, means):
    jobs = [Job(spec_of("deadly", {"milliseconds": 20}, seed=i, steps=2000)) for i in range(2)]
    stopped = session(means, 2)
    threading.Timer(4, stopped.stop, [signal.SIGTERM]).start()
    begun = time.monotonic()
    assert list(stopped.results(jobs)) == []
    assert stopped.in_flight == {}
    assert time.monotonic() - begun < 30
    assert os.getpid() == psutil.Process().pid  # and this process is not told
