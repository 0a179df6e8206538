"""Jobs in processes of their own."""

import itertools
from dataclasses import replace

import pytest

from bench.execution.job import Means
from bench.execution.session import Session
from bench.store.store import Store


@pytest.fixture
def session(tmp_path):
    """session(means, processes): one on a results folder of its own."""
    numbers = itertools.count()

    def make(means=None, processes=1):
        root = tmp_path / f"results{next(numbers)}"
        root.mkdir()
        return Session(Store(root), replace(means or Means(), processes=processes))

    return make
