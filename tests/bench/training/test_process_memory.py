"""The peak memory of a run, in processes of their own."""

import pickle
import subprocess
import sys

import pytest

from bench.training.process_memory import forget_peak, peak_memory_mb

BEFORE = """
import pickle, sys
import numpy as np
from bench.execution.job import Job
from bench.execution.trial import prepare, trial
job = Job(pickle.loads(bytes.fromhex(sys.argv[1])))
prepare(job)  # from now on what is freed is kept for later
if sys.argv[2] == "large":
    many = [np.ones(2**17) for _ in range(300)]  # 300 MiB
    del many
print(trial(job).record.cost["peak_memory_mb"])
"""


@pytest.fixture
def permitted():
    if not forget_peak():
        pytest.skip("this system lets no process reset its peak memory (/proc/self/clear_refs)")


def test_what_was_freed_before_a_run_does_not_count(permitted, spec_of):
    small, large = (
        float(subprocess.check_output([sys.executable, "-c", BEFORE, pickle.dumps(spec_of()).hex(), before]))
        for before in ("small", "large")
    )
    assert 50 < small < 4000
    assert large < small + 60


def test_what_a_run_frees_counts(permitted):
    forget_peak()
    low = peak_memory_mb(True)
    bytearray(100 * 2**20)
    assert 90 < peak_memory_mb(True) - low < 110


def test_without_permission_it_is_the_peak_of_the_process_life(monkeypatch):
    def refused(*_):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.write_text", refused)
    assert not forget_peak()
    assert peak_memory_mb(False) > 50
