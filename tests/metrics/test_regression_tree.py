import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from metrics._regression_tree import add_steps, empty_tree, grow, tabulate, workspace


def fit(x, residual, depth):
    """The tree, its leaf of each row and the importances."""
    x = np.ascontiguousarray(x, dtype=np.float32)
    work, tree, importance = workspace(x, depth), empty_tree(depth), np.zeros(x.shape[1])
    grow(tabulate(x), residual.astype(np.float64), np.arange(x.shape[1]), work, tree, importance)
    return tree, work.node, importance


def largest_decrease(x, r):
    """What the best split of all takes off the squared error, by trying every one."""
    decreases = [0.0]
    for column in x.T:
        for value in np.unique(column)[:-1]:
            left = column <= value
            n, m = left.sum(), (~left).sum()
            decreases.append(n * m / (n + m) * (r[left].mean() - r[~left].mean()) ** 2)
    return max(decreases)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(2, 400), st.sampled_from([1, 5, 1_000_000]), st.sampled_from([0, 1e-4, 1])
)
def test_first_split_is_the_best_of_all(seed, n, values, spread):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, values + 1, (n, 3)).astype(float)
    r = (rng.random(n) < 0.1) * rng.random() - 0.02 + spread * rng.standard_normal(n)
    importance = fit(x, r, depth=1)[2]
    assert importance.sum() == pytest.approx(largest_decrease(x, r), rel=1e-6, abs=1e-12)


def test_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1_000, 4)).astype(np.float32)
    r = (x[:, 0] > 0.2) * (2 + (x[:, 1] > -0.3)) + (x[:, 2] > 0.5) + 0.1 * rng.standard_normal(1_000)
    theirs = DecisionTreeRegressor(max_depth=3).fit(x, r).tree_
    tree, _, importance = fit(x, r, depth=3)
    assert importance / 1_000 == pytest.approx(theirs.compute_feature_importances(normalize=False))
    assert np.sort(tree.threshold[1:8]) == pytest.approx(np.sort(theirs.threshold[theirs.feature >= 0]))


def test_rows_reach_the_leaf_they_were_grown_in():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 9, (500, 3)).astype(np.float32)
    tree, leaf, _ = fit(x, rng.standard_normal(500), depth=3)
    tree.step[:] = np.arange(16)
    score = np.zeros(500)
    add_steps(score, x, tree, 1.0)
    assert np.array_equal(score, leaf)


def test_node_of_one_value_stays_whole():
    x = np.arange(20.0)[:, None]
    tree, leaf, importance = fit(x, (x[:, 0] >= 8) - 0.6, depth=2)
    assert tree.threshold[1:4].tolist() == [7.5, np.inf, np.inf]
    assert np.unique(leaf).tolist() == [4, 6]
    assert importance == pytest.approx(20 * 0.6 * 0.4)
