"""A run with all of its files, in a store. Makes `store_fakes` importable by the tests beside it."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bench.spec import Record
from bench.store.files import Artefacts
from bench.store.store import Store

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def spec(spec_of):
    return spec_of("betavae", lr=1 / 3)


@pytest.fixture
def record(spec):
    return Record(
        key=spec.key,
        spec=spec,
        status="done",
        strength="beta",
        definitions={"c": 0.1},
        terms={"loss": 1 / 7},
        diagnostics={"kl_per_dimension": [0.1, 0.2, 0.3], "collapsed": False},
        cost={"updates": 4.0},
        environment={"threads": 1, "dirty": True, "cpu": "x"},
    )


@pytest.fixture
def artefacts():
    from store_fakes import PNG, score

    rng = np.random.default_rng(0)
    return Artefacts(
        history=[{"step": 1.0, "loss": 1 / 3}, {"step": 2.0, "loss": float("nan")}],
        posterior={
            "mu": rng.standard_normal((6, 3)).astype(np.float32),
            "logvar": rng.standard_normal((6, 3)).astype(np.float32),
            "v": rng.integers(0, 4, (6, 2)),
            "index": np.arange(6),
        },
        weights={"encoder.weight": rng.standard_normal((4, 2)).astype(np.float32), "step": np.array(3)},
        images={"traversals/step1.png": PNG},
        scores=[score(), score(0.25, "sap")],
    )


@pytest.fixture
def store(tmp_path, record, artefacts):
    made = Store(tmp_path / "results" / "study")
    made.put(record, artefacts)
    return made
