import numpy as np
import pytest

from metrics._codes import Codes, MetricError
from metrics._groups import Group
from metrics.betavae_score import _points, _score, betavae_score


def grid(*sizes):
    v = np.stack(np.unravel_index(np.arange(np.prod(sizes)), sizes), axis=1)
    return Codes(v.astype(float), v)


def test_reference_on_its_own_points(grid_case):
    a, expected = grid_case.arrays, grid_case.expected["beta_vae"]["fixed_points"]
    labels = (a["bvb_labels_train"].astype(int), a["bvb_labels_eval"].astype(int))
    ours = _score(a["bvb_points_train"], labels[0], a["bvb_points_eval"], labels[1], a["ys_train"].shape[1], 1.0)
    assert ours.values["betavae_score"] == pytest.approx(expected["eval"], abs=expected["tol"])


def test_reference_on_the_whole_grid(grid_case, agree):
    if "grid_mus" not in grid_case.arrays or grid_case.about["stochastic_representation"]:
        pytest.skip("no table of codes is stored")
    ours = [betavae_score(grid_case.table, np.random.default_rng(s)).values["betavae_score"] for s in range(4)]
    assert agree(ours, grid_case.expected["beta_vae"]["eval_accuracy"])


@pytest.mark.parametrize("k", [0, 1])
def test_partners_share_the_factor_and_are_uniform_otherwise(k):
    _, v, _ = grid(3, 4)
    rng = np.random.default_rng(0)
    row = rng.integers(12, size=20_000)
    partner = Group.of(v[:, k]).sharing(row, rng)
    assert (v[partner, k] == v[row, k]).all()
    share = np.bincount(v[partner, 1 - k]) / len(row)
    np.testing.assert_allclose(share, 1 / len(share), atol=4 * np.sqrt(0.25 / len(row)))


def test_points_are_mean_distances_of_pairs_that_share_their_factor():
    z, v, _ = grid(3, 4)
    x, label = _points(z, {k: Group.of(v[:, k]) for k in range(2)}, np.random.default_rng(0), 1200, 256)
    assert (x[np.arange(1200), label] == 0).all()
    # E |a - b| of two independent uniform values of n is (n^2 - 1) / 3n.
    np.testing.assert_allclose(x[label == 0, 1].mean(), 15 / 12, atol=0.02)
    np.testing.assert_allclose(x[label == 1, 0].mean(), 8 / 9, atol=0.02)
    np.testing.assert_allclose(np.bincount(label) / 1200, 0.5, atol=4 * np.sqrt(0.25 / 1200))


FAST = {"n_train": 500, "n_test": 500, "batch": 16}


def test_perfect_codes_score_1():
    assert betavae_score(grid(3, 4, 5), np.random.default_rng(0), **FAST).values["betavae_score"] == 1


@pytest.mark.parametrize("collapsed", [True, False])
def test_codes_that_know_nothing_score_1_in_k(collapsed):
    _, v, _ = grid(3, 4, 5)
    scores = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        z = np.full((60, 4), 0.1) if collapsed else rng.standard_normal((60, 4))
        tall = Codes(np.tile(z, (20, 1)), rng.permuted(np.tile(v, (20, 1)), axis=0))
        scores.append(betavae_score(tall, rng, **FAST).values["betavae_score"])
    assert abs(np.mean(scores) - 1 / 3) < 4 * np.std(scores, ddof=1) / np.sqrt(20)


def test_constant_factors_are_not_drawn():
    z, v, _ = grid(3, 4)
    ours = betavae_score(Codes(z, np.insert(v, 1, 5, axis=1)), np.random.default_rng(0), **FAST)
    assert ours.values["betavae_score"] == 1
    assert np.isnan(ours.per_factor["betavae_score"]).tolist() == [False, True, False]
    with pytest.raises(MetricError, match="constant"):
        betavae_score(Codes(z, np.ones_like(v)), np.random.default_rng(0), **FAST)


def test_small_factor_indices_do_not_overflow():
    z, v, _ = grid(40, 30)
    a, b = (betavae_score(Codes(z, w), np.random.default_rng(0), **FAST).values for w in (v, v.astype(np.uint8)))
    assert a == b
