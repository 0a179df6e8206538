"""Jobs in processes of their own."""

import itertools
from dataclasses import replace

import pytest

from bench.execution.job import ExecutionConfig
from bench.execution.session import Session
from bench.store.store import Store


@pytest.fixture
def session(tmp_path):
    """session(config, processes): one on a results folder of its own."""
    numbers = itertools.count()

    def make(config=None, processes=1):
        root = tmp_path / f"results{next(numbers)}"
        root.mkdir()
        return Session(Store(root), replace(config or ExecutionConfig(), processes=processes))

    return make
