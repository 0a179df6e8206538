from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from bench.errors import BenchError
from bench.wrappers.correlated import correlated
from bench.wrappers.decorrelate import decorrelate
from bench.wrappers.held_out import held_out


def information(dataset, i, j):
    """I(v_i; v_j) = H(v_i) + H(v_j) - H(v_i, v_j) in nats under the training weights."""
    table = np.zeros((dataset.sizes[i], dataset.sizes[j]))
    np.add.at(table, (dataset.v[:, i], dataset.v[:, j]), dataset.weights)
    return entropy(table.sum(axis=1)) + entropy(table.sum(axis=0)) - entropy(table.ravel())


def test_a_correlated_pair_becomes_independent_and_uniform(grid, drawn):
    before = correlated(grid, pairs="scale:x", sigma=0.1)
    after = decorrelate(before, pairs="scale:x")
    assert information(before, 1, 2) > 0.5
    assert information(after, 1, 2) < 1e-12
    v = grid.v[drawn(after)]
    assert mutual_info_score(v[:, 1], v[:, 2]) < 1e-3  # the plug-in bias of so many draws is 1e-4
    assert mutual_info_score(*grid.v[drawn(before)][:, 1:].T) > 0.5


def test_on_a_whole_grid_it_undoes_correlation_exactly(grid):
    after = decorrelate(correlated(grid, pairs="scale:x,shape:x"))
    np.testing.assert_allclose(after.weights / after.weights.sum(), 1 / len(grid), rtol=1e-6)


def test_all_pairs_of_a_grid_with_gaps_are_raked_to_the_product_of_uniforms(grid):
    """Where no weight is given by formula: rows are missing."""
    kept = np.sort(np.random.default_rng(1).choice(120, 108, replace=False))
    gappy = replace(grid, observations=grid.observations[kept], v=grid.v[kept])
    after = decorrelate(correlated(gappy, pairs="scale:x", sigma=0.3))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert information(after, i, j) < 1e-12
        table = np.zeros((grid.sizes[i], grid.sizes[j]))
        np.add.at(table, (gappy.v[:, i], gappy.v[:, j]), after.weights / after.weights.sum())
        np.testing.assert_allclose(table, 1 / table.size, atol=1e-8)


def test_gaps_that_no_weights_make_up_for_are_told(grid):
    kept = np.sort(np.random.default_rng(1).choice(120, 90, replace=False))
    gappy = replace(grid, observations=grid.observations[kept], v=grid.v[kept])
    with pytest.raises(
        BenchError, match="no weights found after 500 sweeps that make all pairs independent; name fewer"
    ):
        decorrelate(correlated(gappy, pairs="scale:x", sigma=0.3))


def test_nothing_to_remove_is_an_order_mistake(grid):
    correlation = correlated(grid, pairs="scale:x")
    for dataset, pairs in ((grid, ""), (grid, "scale:x"), (correlation, "shape:x"), (decorrelate(correlation), "")):
        with pytest.raises(BenchError, match="it comes after what correlates them"):
            decorrelate(dataset, pairs=pairs)


def test_a_combination_that_is_never_drawn_cannot_be_made_up_for(grid):
    with pytest.raises(BenchError, match=r"training never draws shape=2 with x=8 \(2 such combinations\)"):
        decorrelate(held_out(grid, where="shape=2,x>=8"))


def test_more_combinations_than_rows_are_refused(grid):
    with pytest.raises(BenchError, match="scale:x have more combinations than the data set has rows"):
        decorrelate(replace(grid, observations=grid.observations[::4], v=grid.v[::4]), pairs="scale:x")


def test_rows_whose_value_is_not_known_are_not_drawn(grid):
    v = grid.v.astype(np.int16)
    v[::7, 2] = -1
    after = decorrelate(correlated(replace(grid, v=v), pairs="scale:x"), pairs="scale:x")
    assert np.array_equal(after.weights == 0, v[:, 2] < 0)
    known = replace(after, v=v.clip(0))  # what is not known weighs nothing, whatever it is taken for
    assert information(known, 1, 2) < 1e-12
