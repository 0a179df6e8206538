"""Jobs in this process and in others: the same records, and none lost to another's failure."""

import msgspec
import numpy as np
import pytest
import threadpoolctl
import torch

from bench.execution.job import Job
from bench.execution.trial import trial


def content(result):
    """A result, but for what it cost and where it was made."""
    record = msgspec.structs.replace(result.record, cost={}, environment={}, error=None)
    scores = [[(r.values, r.per_factor, r.matrices) for r in s.repeats] for s in result.artefacts.scores]
    arrays = {**result.artefacts.weights, **result.artefacts.posterior}
    return (
        record,
        result.artefacts.history,
        result.artefacts.images,
        scores,
        {n: a.tobytes() for n, a in arrays.items()},
    )


@pytest.fixture
def jobs(spec_of, protocol_of):
    protocols = (protocol_of("mig", n_train=300), protocol_of("factorvae_score", votes=50, eval_votes=50))
    runs = [("vae", None), ("unruly", {"raise_at": 1}), ("factorvae", None), ("infovae", None)]
    return [Job(spec_of(method, params), protocols) for method, params in runs]


def test_neither_processes_nor_order_change_a_record(session, jobs):
    alone, beside = (
        {r.job.spec.key: content(r) for r in session(None, n).results(given)}
        for given, n in ((jobs, 1), (jobs[::-1], 2))
    )
    assert alone.keys() == beside.keys() == {job.spec.key for job in jobs}
    for key in alone:
        assert alone[key] == beside[key]
    statuses = sorted(record.status for record, *_ in beside.values())
    assert statuses == ["done", "done", "done", "failed"]


def test_results_come_as_they_finish(session, jobs):
    results = session().results(jobs[:2])
    first = next(results)
    assert first.job.spec == jobs[0].spec
    assert np.isfinite(list(first.record.terms.values())).all()
    results.close()


def test_nothing_to_do(session):
    assert list(session().results([])) == []


def test_a_job_has_its_threads_and_no_more(spec_of):
    trial(Job(spec_of(), threads=1))
    assert torch.get_num_threads() == 1
    assert {library["num_threads"] for library in threadpoolctl.threadpool_info()} == {1}
