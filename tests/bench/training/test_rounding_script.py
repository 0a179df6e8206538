"""benchmarks/rounding.py: what a copy changes, and what is made of it."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest
import torch

from bench.execution.job import Job
from bench.execution.trial import trial
from bench.store.store import Store
from bench.training.build import build
from bench.training.loop import State
from bench.training.update import Log

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "rounding.py"


@pytest.fixture(scope="module")
def rounding():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("rounding_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_a_copy_moves_one_weight_to_the_next_float(rounding, spec_of, toy):
    places = set()
    for copy in range(1, 6):
        first, moved = build(spec_of(), toy.shape), build(spec_of(), toy.shape)
        assert rounding.NextFloat(copy).begin(State(moved, [], torch.Generator(), Log(moved.players))) == 0
        pairs = list(zip(first.parameters(), moved.parameters(), strict=True))
        changed = [(i, w, v) for i, (w, v) in enumerate(pairs) if not torch.equal(w, v)]
        ((i, w, v),) = changed
        at = (w != v).nonzero()
        assert len(at) == 1
        one = w[tuple(at[0])].detach()
        assert v[tuple(at[0])] == torch.nextafter(one, torch.tensor(math.inf))
        places.add((i, *at[0].tolist()))
    assert len(places) > 1


def test_a_copy_is_trained_like_its_seed_but_for_that(rounding, spec_of):
    """At a learning rate that moves no weight, so that it does not hang on rounding what is left of the last bit."""
    spec = spec_of(lr=1e-30, steps=1)
    one, copy = (trial(Job(spec), watch).artefacts.weights for watch in (None, rounding.NextFloat(1)))
    assert sum(int((one[name] != copy[name]).sum()) for name in one) == 1


def test_a_copy_that_gives_the_seeds_own_numbers_is_left_out(rounding, spec_of, tmp_path):
    spec = spec_of()
    for name in ("seeds", "copy-1", "copy-2"):
        rounding.run(spec, (), Store(tmp_path / name))
    rounding.run(spec, (), Store(tmp_path / "seeds"))  # it is there
    (row, *_) = rounding.rows(tmp_path, ["vae"], [spec], 2)
    assert (row.method, row.quantity, row.seeds, row.copies) == ("vae", "recon", 1, 0)


def test_the_share_is_a_ratio_of_variances(rounding):
    share, low, high = rounding.share_of([0.0, 2.0, 4.0], [1.0, 2.0, 3.0])
    assert share == pytest.approx(1 / 4)
    assert (low, high) == pytest.approx((0.25 / 39, 0.25 * 39))  # F(2, 2): P(F < x) = x / (1 + x)
    assert math.isnan(rounding.share_of([1.0], [1.0, 2.0])[0])
    assert math.isnan(rounding.share_of([1.0, 1.0], [1.0, 2.0])[0])
