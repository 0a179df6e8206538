"""An estimate from runs that are there: by the cost of those alike, on a place alike."""

import msgspec
import pytest

from bench.environment import environment
from bench.execution import estimate
from bench.execution.estimate import estimates, seconds_in_all
from bench.execution.job import ExecutionConfig, Job
from bench.spec import DataSpec, Record, RunSpec
from bench.store.files import Artefacts
from bench.store.store import Store

SPEC = RunSpec(
    dataset=DataSpec(name="toy", sha256="0" * 64),
    method="vae",
    params={},
    backbone="small",
    backbone_params={},
    likelihood="bernoulli",
    z_dim=3,
    batch_size=8,
    steps=100,
    lr=1e-3,
    seed=0,
)


@pytest.fixture
def store(tmp_path):
    """Two runs of 100 updates: 10 s and 20 s of training, 1 s of scoring; and what differs in one thing, 1000 s."""
    store, here = Store(tmp_path / "runs"), {**environment(), "device": "cpu", "threads": 1}

    def put(seconds, where=here, **changes):
        spec = msgspec.structs.replace(SPEC, **changes)
        cost = {"seconds_training": seconds, "seconds_scoring": 1.0, "peak_memory_mb": 100.0}
        store.put(Record(key=spec.key, spec=spec, status="done", cost=cost, environment=where), Artefacts([]))

    put(10.0), put(20.0, seed=1)
    put(1000.0, seed=2, backbone="mlp"), put(1000.0, seed=3, method="betavae")
    put(1000.0, seed=4, where={**here, "cpu": "another"}), put(1000.0, seed=5, where={**here, "threads": 2})
    put(1000.0, seed=6, where={**here, "device": "cuda:0"}), put(1000.0, seed=7, precision="bf16")
    return store


def test_the_least_and_the_most_seen_of_runs_alike_by_update(store):
    jobs = [Job(msgspec.structs.replace(SPEC, steps=1000, seed=seed)) for seed in (0, 1, 2)]
    (found,) = estimates(jobs, ExecutionConfig(), store, pytest.fail)
    assert (found.runs, found.least, found.most) == (3, pytest.approx(101.0), pytest.approx(201.0))
    assert found.basis == "2 runs that are there"
    assert found.disk > 0


def test_what_has_no_runs_alike_is_calibrated(store, monkeypatch):
    known = []
    monkeypatch.setattr(
        estimate, "calibrated", lambda job, config, m: known.append(m) or estimate.Seen(5.0, 0.25, 1.0, 1.0, 3.0)
    )
    said = []
    jobs = [Job(msgspec.structs.replace(SPEC, method=method)) for method in ("infovae", "dipvae")]
    found = estimates(jobs, ExecutionConfig(), store, said.append)
    assert [(e.least, e.most, e.basis) for e in found] == [(205.0, 205.0, "calibration")] * 2
    assert len(said) == 2
    assert known == [None, (5.0, 0.25, 1.0, 1.0, 3.0)], "scoring is tried once"


@pytest.mark.parametrize(("processes", "seconds"), [(1, 60.0), (2, 30.0), (100, 20.0)])
def test_all_take_their_share_of_the_processes_and_no_less_than_the_longest(processes, seconds):
    assert seconds_in_all([(4, 10.0), (1, 20.0)], processes) == seconds
