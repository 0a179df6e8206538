from dataclasses import replace

import numpy as np
import pytest

from bench.errors import BenchError
from bench.wrappers.held_out import held_out
from bench.wrappers.split import split


def cells(dataset, rows, *columns):
    return {tuple(v) for v in dataset.v[np.ix_(rows, columns)].tolist()}


def test_held_out_combinations_are_never_drawn_and_all_others_are(grid, drawn):
    wrapped = held_out(grid, factors="shape:x", fraction=0.3)
    seen, unseen = (cells(grid, wrapped.parts[part], 0, 2) for part in ("seen", "unseen"))
    assert len(unseen) == 9
    assert seen | unseen == {(a, b) for a in range(3) for b in range(10)}
    assert cells(grid, drawn(wrapped), 0, 2) == seen


@pytest.mark.parametrize("seed", range(20))
def test_every_single_value_is_still_seen(grid, seed):
    wrapped = held_out(grid, factors="shape:x", fraction=0.6, seed=seed)
    for k in (0, 2):
        assert set(grid.v[wrapped.parts["seen"], k]) == set(range(grid.sizes[k]))


def test_a_corner_is_what_meets_all_conditions(grid):
    wrapped = held_out(grid, where="shape=2, x>=8")
    met = (grid.v[:, 0] == 2) & (grid.v[:, 2] >= 8)
    assert np.array_equal(wrapped.parts["unseen"], np.flatnonzero(met))
    assert np.array_equal(wrapped.weights == 0, met)
    assert wrapped.scored is None


def test_the_seed_chooses_the_combinations(grid):
    a, b, c = (held_out(grid, factors="shape:scale:x", seed=seed).parts["unseen"] for seed in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_after_a_split_seen_and_unseen_are_of_the_rows_that_are_scored(grid, drawn):
    wrapped = held_out(split(grid, train=0.6, validation=0.2), factors="shape:x", fraction=0.3)
    told = np.concatenate([wrapped.parts["seen"], wrapped.parts["unseen"]])
    assert np.array_equal(np.sort(told), wrapped.parts["test"])
    assert set(drawn(wrapped)) == set(wrapped.parts["train"])
    held = cells(grid, wrapped.parts["unseen"], 0, 2)
    assert not held & cells(grid, wrapped.parts["train"], 0, 2)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "held_out: expected either factors=, such as shape:scale, or where=, such as shape=0,x>=1"),
        ({"factors": "shape:x", "where": "x=1"}, "expected either"),
        ({"factors": "shape:y"}, "unknown factor 'y'"),
        ({"factors": "shape:x", "fraction": 1.0}, "held_out.fraction=1.0: expected a number between 0 and 1"),
        ({"factors": "shape:x", "fraction": 0.9}, "at most "),
        ({"factors": "shape:x", "seed": -1}, "held_out.seed=-1"),
        ({"where": "x"}, "expected conditions on indices, such as shape=0,x>=1"),
        ({"where": "y=1,x=1"}, "unknown factor 'y'"),
        ({"where": "x=1"}, "expected two factors or more"),
        ({"where": "shape=2,x>=10"}, "no row that training draws is held out"),
        ({"where": "shape=2,x>=0"}, "value 2 of shape would never be seen"),
    ],
)
def test_what_makes_no_sense_is_refused(grid, given, told):
    with pytest.raises(BenchError) as error:
        held_out(grid, **given)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("wrap", [{"factors": "shape:x"}, {"where": "shape=2,x<3"}])
def test_rows_whose_value_is_not_known_are_neither_seen_nor_unseen(grid, drawn, wrap):
    v = grid.v.astype(np.int16)
    v[::7, 2] = -1
    wrapped = held_out(replace(grid, v=v), **wrap)
    for rows in (drawn(wrapped), *wrapped.parts.values()):
        assert (v[rows, 2] >= 0).all()
