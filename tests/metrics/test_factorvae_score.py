import numpy as np
import pytest

from metrics._codes import Codes, MetricError
from metrics.factorvae_score import agreement, factorvae_score, least_varying

FEW = {"votes": 600, "eval_votes": 400, "n_variance": 1_000}
SIZES = (3, 4, 5)


@pytest.fixture
def v():
    return np.stack(np.unravel_index(np.arange(60), SIZES), axis=1)


@pytest.fixture
def rotated(v):
    return v @ np.linalg.qr(np.random.default_rng(3).standard_normal((3, 3)))[0]


def score(z, v, seed=0, **keywords):
    return factorvae_score(Codes(z, v), np.random.default_rng(seed), **(FEW | keywords))


def test_perfect_code_scores_one(v):
    result = score(v[:, ::-1].astype(float), v)
    assert result.values == {"factorvae_score": 1.0}
    assert result.per_factor["factorvae_score"].tolist() == [1, 1, 1]
    assert (result.matrices["votes"] > 0).tolist() == np.eye(3, dtype=bool)[::-1].tolist()


def test_noise_scores_about_chance(v):
    v = v.repeat(20, axis=0)
    z = np.random.default_rng(1).standard_normal((len(v), 6))
    assert score(z, v).values["factorvae_score"] == pytest.approx(1 / 3, abs=0.12)


def test_dead_code_changes_nothing(rotated, v):
    dead = np.full((len(v), 1), 0.3)
    assert score(np.c_[dead, rotated], v).values == score(rotated, v).values


def test_order_and_scale_of_codes_are_irrelevant(rotated, v):
    changed = (rotated * np.array([1, 4, 16]))[:, ::-1]
    assert score(changed, v).values == score(rotated, v).values


def test_collapsed_code_scores_zero(v):
    result = score(np.ones((len(v), 4)), v)
    assert result.values["factorvae_score"] == 0
    assert not result.matrices["votes"].any()


def test_code_below_the_threshold_is_pruned(v):
    z = v * np.array([1, 1, 0.01])
    assert not score(z, v).matrices["votes"][2].any()
    assert score(z, v, prune_std=0.001).values["factorvae_score"] == 1


def test_seed_decides(rotated, v):
    assert score(rotated, v).values == score(rotated, v).values
    assert not np.array_equal(score(rotated, v).matrices["votes"], score(rotated, v, seed=1).matrices["votes"])


def test_votes_add_up(rotated, v):
    assert score(rotated, v).matrices["votes"].sum() == FEW["votes"]


def test_incomplete_grid_in_any_order_is_scored(v):
    rows = np.random.default_rng(0).permutation(60)[:40]
    assert score(v[rows].astype(float), v[rows]).values["factorvae_score"] == 1


def test_factor_values_need_not_be_dense(v):
    assert score(v.astype(float), 7 * v).values["factorvae_score"] == 1


def test_constant_factor_is_never_fixed(v):
    result = score(v.astype(float), np.c_[v, np.zeros(60, dtype=int)])
    assert result.values["factorvae_score"] == 1
    assert np.isnan(result.per_factor["factorvae_score"][3])
    assert result.matrices["votes"][:, 3].sum() == 0


def test_agreement_counts_by_factor():
    train, test = np.array([[5, 1], [4, 6]]), np.array([[3, 2], [1, 4]])
    assert agreement(train, test).tolist() == [3, 4]


@pytest.mark.parametrize("keyword", ["votes", "eval_votes", "batch", "n_variance"])
def test_counts_out_of_range_are_refused(v, keyword):
    with pytest.raises(MetricError, match=keyword):
        score(v.astype(float), v, **{keyword: 0})


def test_constant_factors_alone_are_refused(v):
    with pytest.raises(MetricError, match="constant"):
        score(v.astype(float), np.ones_like(v))


def test_reference_votes_of_exact_batches(grid_case):
    arrays, grid = grid_case.arrays, grid_case.about["factor_sizes"]
    if "fvb_factors" not in arrays:
        assert grid_case.about["kind"] == "collapsed"
        return
    rows = np.ravel_multi_index(tuple(np.moveaxis(arrays["fvb_factors"].astype(int), -1, 0)), grid)
    z, active = arrays["grid_mus"][rows], np.flatnonzero(arrays["fvb_active"])
    winner = least_varying(z, arrays["fvb_global_variances"], active)
    assert np.array_equal(z.var(axis=1, ddof=1), arrays["fvb_local_variances"])
    assert np.array_equal(winner, active[arrays["fvb_argmin"]])


def test_reference_accuracy_of_exact_votes(grid_case):
    if "fv_votes_train" in grid_case.arrays:
        votes = zip(grid_case.arrays["fv_votes_train"], grid_case.arrays["fv_votes_eval"], strict=True)
        ours = [agreement(train.T, test.T).sum() / test.sum() for train, test in votes]
        assert ours == grid_case.expected["factor_vae"]["eval_accuracy"]["values"]


def test_reference_values(grid_case, agree):
    ours = [
        factorvae_score(grid_case.table, np.random.default_rng(seed)).values["factorvae_score"] for seed in range(5)
    ]
    assert agree(ours, grid_case.expected["factor_vae"]["eval_accuracy"])
