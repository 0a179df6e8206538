"""`bench search` of the tiny study, in this process or as one of its own."""

import pytest

from bench.store.searches import read
from bench.store.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results" / "tiny")


@pytest.fixture
def search(run, bench):
    """bench search of the tiny study, its jobs one after another in this process."""
    few = ("--study", "tiny.toml", "--jobs", 1, "--seeds-per-trial", 2, "--confirm", 0)
    return lambda *arguments: bench("search", *few, *arguments)


@pytest.fixture
def found(store):
    """The searches that lie in the results folder, by method."""
    return lambda: {search.method: search for search in read(store.root)}


@pytest.fixture
def begin(start):
    """begin(*arguments): bench search of the tiny study as a process of its own."""
    study = ("search", "--study", "tiny.toml", "--seeds-per-trial", "1", "--jobs", "1", "--confirm", "0")
    return lambda *arguments: start(*study, *arguments)
