"""Baselines are runs like others: shared, killed, tried again. Real processes and signals."""

import contextlib
import signal
import time

import msgspec
import psutil
import pytest

from bench.environment import environment
from bench.execution.baselines import plan_baselines
from bench.execution.job import Job
from bench.execution.leases import FOLDER, progress_file
from bench.execution.trial import trial
from bench.store.files import Artefacts
from bench.store.store import Store

ONLY = ("--only", "pca,ica,supervised", "--jobs", 2, "--seeds", 2)


@pytest.fixture
def store(spec_of, protocol_of, tmp_path):
    """A store as after two runs of 4,000 updates, so that the supervised encoder takes its time."""
    store = Store(tmp_path / "results")
    short = trial(Job(spec_of(), (protocol_of("mig", n_train=300),), environment=environment()))
    for seed in (0, 1):
        spec = spec_of(seed=seed, steps=4000)
        record = msgspec.structs.replace(short.record, spec=spec, key=spec.key)
        store.put(record, Artefacts(scores=short.artefacts.scores))
    return store


def begun(start, store):
    """The command, one of its processes in the midst of a training, and the key of that."""
    jobs = plan_baselines(store, 2, ["supervised"]).jobs
    command = start("baselines", store.root, *ONLY, "--retries", 0)
    until = time.monotonic() + 300
    while True:
        for job in jobs:
            if progress_file(store.root / FOLDER, job.spec.key).exists():
                return command, job.spec.key
        assert time.monotonic() < until
        assert command.poll() is None, command.communicate()[0]
        time.sleep(0.02)


def of_baselines(store):
    return {r.key: r for r in Store(store.root) if r.spec.method in ("pca", "ica", "supervised")}


def test_a_baseline_whose_process_dies_is_recorded_and_the_others_are_stored(bench, start, store):
    command, key = begun(start, store)
    for process in psutil.Process(command.pid).children():
        process.kill()
    out, _ = command.communicate(timeout=600)
    assert command.returncode == 1, out
    assert "Traceback" not in out
    found = of_baselines(store)
    assert len(found) == 6
    assert (found[key].status, found[key].error) == ("failed", "its process died by SIGKILL")
    assert sum(record.status == "failed" for record in found.values()) <= 2  # one a process
    assert all(Store(store.root).scores(k) for k, record in found.items() if record.status == "done")
    code, out, err = bench("baselines", store.root, *ONLY)  # what failed is tried again
    assert (code, err) == (0, "")
    assert {record.status for record in of_baselines(store).values()} == {"done"}
    assert list((store.root / FOLDER).iterdir()) == []


def test_no_process_outlives_a_command_that_is_killed(start, store):
    command, _ = begun(start, store)
    processes = psutil.Process(command.pid).children(recursive=True)
    assert processes
    command.send_signal(signal.SIGKILL)
    command.wait()
    _, alive = psutil.wait_procs(processes, timeout=20)
    with contextlib.suppress(psutil.NoSuchProcess):
        alive = [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]
    assert alive == []


def test_a_further_protocol_makes_a_baseline_again_and_adds_its_scores_alone(bench, run, spec_of, protocol_of, store):
    command = ("baselines", store.root, "--only", "chance", "--seeds", 1)
    assert bench(*command)[0] == 0
    (record,) = [r for r in store if r.spec.method == "chance"]
    (before,) = store.scores(record.key)
    further = trial(Job(spec_of(), (protocol_of("row_mean"),))).artefacts.scores
    store.add_scores(spec_of(steps=4000).key, further)
    code, out, _ = bench(*command)
    assert (code, out.splitlines()[0]) == (0, f"{store.root}: 1 baselines to score")
    assert Store(store.root).record(record.key) == record
    assert {s.protocol: s for s in Store(store.root).scores(record.key)}[before.protocol] == before
    assert Store(store.root).scored(record.key).keys() == {before.protocol, further[0].protocol}
    assert bench(*command)[1].startswith(f"{store.root}: 0 baselines to score")
