"""The command line in this process, on a study of two updates."""

import subprocess
import sys
import threading
import tomllib

import pytest

from bench.environment import environment
from bench.spec import DataSpec, RunSpec

STUDY = """
name = "tiny"
dataset = "toy"
methods = ["vae", "betavae"]
metrics = ["mig"]
seeds = 2
steps = 2
batch_size = 8
z_dim = 3
[set.small]
width = 0.25
[set.betavae]
beta = 4
[set.mig]
n_train = 300
"""


@pytest.fixture
def committed():
    """The spec of a run whose key, a5cb56d02bc38e31, stands in reports."""
    return RunSpec(
        dataset=DataSpec(
            name="sprites32", sha256="e37ba84a6192413b551efedd5221e0438798fdf97afec57e89a38ce2c9e28946"
        ),
        method="betavae", params={"beta": 4.0}, backbone="small", backbone_params={"width": 1.0},
        likelihood="bernoulli", z_dim=10, batch_size=64, steps=2000, lr=0.001, seed=0,
    )  # fmt: skip


@pytest.fixture(scope="session")
def tiny():
    """A study of four runs, as TOML."""
    return STUDY


@pytest.fixture(scope="session")
def four_runs(installed, tiny, tmp_path_factory):
    """The results folder of the tiny study: not to be changed."""
    from bench.execution.job import Job
    from bench.execution.trial import trial
    from bench.store.store import Store
    from bench.study.study import expand, parse, protocols

    study, store = parse(tomllib.loads(tiny), "tiny"), Store(tmp_path_factory.mktemp("four") / "runs")
    for spec in expand(study):
        result = trial(Job(spec, protocols(study), environment=environment()))
        store.put(result.record, result.artefacts)
    return store.root


@pytest.fixture
def bench(installed, tmp_path, monkeypatch, capsys):
    """bench("run", "--steps", "2") in an empty folder that holds tiny.toml: exit code, standard output and error."""
    from bench.__main__ import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "tiny.toml").write_text(STUDY)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def run(bench, monkeypatch):
    """bench run of the tiny study, its jobs one after another in this process: test_execute.py has the engine."""
    from bench.execution import pool
    from bench.execution.trial import trial

    one_at_once = threading.Lock()

    def here(job, config):
        with one_at_once:
            return trial(job)

    monkeypatch.setattr(pool, "result_of", here)
    return lambda *arguments: bench("run", "--study", "tiny.toml", *arguments)


@pytest.fixture
def start(bench):
    """start("run", *arguments): a command as a process of its own, which does not outlive the test."""
    begun = []

    def make(*arguments):
        command = [sys.executable, "-m", "bench", *map(str, arguments)]
        begun.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        return begun[-1]

    yield make
    for process in begun:
        process.kill()
        process.communicate()
