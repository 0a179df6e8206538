from dataclasses import replace

import numpy as np
import pytest

from bench.errors import BenchError
from bench.wrappers.held_out import held_out
from bench.wrappers.split import split


def test_parts_are_disjoint_exhaustive_and_of_the_sizes_asked_for(grid):
    parts = split(grid, train=0.7, validation=0.2).parts
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 84, "validation": 24, "test": 12}
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(120))


def test_training_draws_every_row_of_its_part_alike_and_no_other(grid, drawn):
    wrapped = split(grid)
    rows, often = np.unique(drawn(wrapped), return_counts=True)
    assert np.array_equal(rows, wrapped.parts["train"])
    assert abs(often / often.mean() - 1).max() < 0.15  # 5 standard deviations of about 1,300 draws


@pytest.mark.parametrize("score", ["train", "validation", "test"])
def test_the_part_that_is_named_is_scored(grid, score):
    wrapped = split(grid, score=score)
    assert np.array_equal(wrapped.to_score, wrapped.parts[score])


def test_without_validation_there_are_two_parts(grid):
    assert split(grid, validation=0).parts.keys() == {"train", "test"}


def test_the_seed_chooses_the_rows(grid):
    a, b, c = (split(grid, seed=seed).parts["test"] for seed in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"train": 0.9, "validation": 0.1}, "split.train=0.9, split.validation=0.1: expected a sum below 1"),
        ({"train": 0.0}, "split.train=0.0: expected a fraction between 0 and 1"),
        ({"train": 1.0}, "split.train=1.0"),
        ({"validation": -0.1}, "split.validation=-0.1"),
        ({"score": "tests"}, "split.score=tests: expected one of train, validation, test"),
        ({"score": "validation", "validation": 0.0}, "no rows in the part validation"),
        ({"train": 0.001}, "no rows in the part train, of 120 in all"),
        ({"train": 0.99, "validation": 0.0}, "leaves 1 of 120 rows to score"),
        ({"seed": -1}, "split.seed=-1"),
    ],
)
def test_what_makes_no_sense_is_refused(grid, given, told):
    with pytest.raises(BenchError) as error:
        split(grid, **given)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_it_comes_before_what_holds_out(grid):
    with pytest.raises(BenchError, match="split: put it before what makes the parts seen, unseen"):
        split(held_out(grid, factors="shape:x"))


def test_nothing_left_to_train_on_is_told(grid):
    with pytest.raises(BenchError, match="split: no rows in the part train"):
        split(replace(grid, weights=np.isin(np.arange(120), split(grid).parts["test"]).astype(float)))
