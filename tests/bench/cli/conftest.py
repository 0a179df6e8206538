"""A results folder to compare and to verify."""

import tomllib

import pytest

from bench.environment import environment
from bench.execution.job import Job
from bench.execution.trial import trial
from bench.store.store import Store
from bench.study.study import expand, parse, protocols


@pytest.fixture(scope="session")
def four_runs(installed, tiny, tmp_path_factory):
    """The results folder of the tiny study: not to be changed."""
    study, store = parse(tomllib.loads(tiny), "tiny"), Store(tmp_path_factory.mktemp("four") / "runs")
    for spec in expand(study):
        result = trial(Job(spec, protocols(study), environment=environment()))
        store.put(result.record, result.artefacts)
    return store.root
