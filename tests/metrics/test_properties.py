"""What holds for every metric, and where one differs. A new metric is picked up by itself."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import _registry
from metrics._codes import Codes
from metrics._protocol import on_table

FEW = {"n_train": 300, "n_test": 200, "votes": 300, "eval_votes": 200, "n_variance": 300, "batch": 8}
FEW |= {"draws": 2, "stages": 5}
few = settings(max_examples=5, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)

# Penalised intercepts (sap), L2 penalties (betavae_score), weights (irs) and what counts as active (infomec).
SCALE_MATTERS = ("sap", "betavae_score", "irs", "infomec")


def scores(name, codes, seed=0, **given):
    metric = _registry.load(name)
    known = inspect.signature(metric).parameters
    arguments = {argument: value for argument, value in (FEW | given).items() if argument in known}
    return metric(Codes(*codes), np.random.default_rng(seed), **arguments)


def score(name, codes, seed=0, **given):
    return scores(name, codes, seed, **given).values


def sample(seed, n=500):
    """A blurred mixture of three factors in four dimensions."""
    rng = np.random.default_rng(seed)
    v = np.stack([rng.integers(size, size=n) for size in (2, 3, 4)], axis=1)
    return Codes(v @ rng.standard_normal((3, 4)) + 0.5 * rng.standard_normal((n, 4)), v)


def close(a, b, tolerance):
    assert a == pytest.approx(b, abs=tolerance)


def some(*names):
    return pytest.mark.parametrize("name", names)


def all_but(*names):
    return some(*(name for name in _registry.own() if name not in names))


@all_but()
@few
@given(seed=seeds)
def test_values_are_in_range_and_reproduce_exactly(name, seed):
    codes = sample(seed)
    before = Codes(codes.z.copy(), codes.v.copy())
    found = scores(name, codes, seed)
    assert score(name, codes, seed) == found.values
    shares = [x for value, x in found.values.items() if "_efficiency_" not in value]  # a ratio may be above 1
    least = -1 if name == "dci_es" else -0.01  # infoe may be below 0
    assert all(type(x) is float and least <= x <= 1 + 1e-9 for x in shares)
    assert all(per_factor.shape == (3,) for per_factor in found.per_factor.values())
    assert all(matrix.shape[0] == 4 for matrix in found.matrices.values())
    assert all(np.array_equal(a, b) for a, b in zip(codes, before, strict=True))


@all_but()
@few
@given(seed=seeds)
def test_the_order_of_dimensions_does_not_matter(name, seed):
    z, v, _ = sample(seed)
    order = np.random.default_rng(seed).permutation(4)
    # Solvers stop at a tolerance, and trees break ties between dimensions by chance: many after ten labels.
    tolerance = {"dci": 0.02, "dci_es": 0.1, "betavae_score": 0.02, "downstream": 0.1}.get(name, 1e-3)
    close(score(name, (z[:, order], v)), score(name, (z, v)), tolerance)


@all_but(*SCALE_MATTERS)
@few
@given(seed=seeds, powers=st.lists(st.integers(0, 8), min_size=4, max_size=4))
def test_positive_scales_of_dimensions_do_not_matter(name, seed, powers):
    z, v, _ = sample(seed)
    # Powers of 2 leave no rounding behind; none below 1, which might prune a dimension of the FactorVAE score.
    close(
        score(name, (z * 2.0 ** np.array(powers), v)), score(name, (z, v)), {"dci": 0.02, "dci_es": 0.1}.get(name, 1e-5)
    )


@some(*SCALE_MATTERS)
def test_where_scales_do_matter(name):
    z, v, _ = sample(0)
    assert score(name, (z * [2.0**-10, 1, 1, 1], v)) != pytest.approx(score(name, (z, v)), abs=1e-3)


@all_but("modularity", "dci", "dci_es")
@few
@given(seed=seeds, place=st.integers(0, 4), value=st.sampled_from([0.0, -3.0]))
def test_a_dead_dimension_does_not_matter(name, seed, place, value):
    z, v, _ = sample(seed)
    # SAP's dead dimension predicts one class, and may come second where all others do no better; trees draw in turn.
    tolerance = {"sap": 0.03, "downstream": 0.1}.get(name, 1e-3)
    close(score(name, (np.insert(z, place, value, axis=1), v)), score(name, (z, v)), tolerance)


def test_modularity_counts_a_dead_dimension_as_0():
    z, v, _ = sample(0)
    dead = score("modularity", (np.insert(z, 1, 0.0, axis=1), v))
    assert dead["modularity"] == pytest.approx(score("modularity", (z, v))["modularity"] * 4 / 5)


@pytest.mark.parametrize(("name", "tolerance"), [("dci", 0.01), ("dci_es", 0.1)])
def test_completeness_alone_counts_dead_dimensions_in_the_base_of_its_logarithm(name, tolerance):
    z, v, _ = sample(0)
    alive, dead = score(name, (z, v)), score(name, (np.insert(z, 1, 0.0, axis=1), v))
    of_alive = 1 - alive.pop(f"{name}_completeness")
    close(1 - dead.pop(f"{name}_completeness"), of_alive * np.log(4) / np.log(5), tolerance)
    close(dead, alive, tolerance)


@all_but("infomec", "downstream")  # which counts labels
@few
@given(seed=seeds)
def test_rows_that_come_twice_change_nothing_but_the_sampling(name, seed):
    if on_table(_registry.load(name)):
        codes = sample(seed)
        twice = Codes(*(np.repeat(a, 2, axis=0) for a in codes[:2]))
        once, again = ([score(name, c, s)[name] for s in range(10)] for c in (codes, twice))
        assert abs(np.mean(once) - np.mean(again)) < 4 * np.sqrt((np.var(once) + np.var(again)) / 9) + 0.01
        return
    codes = sample(seed)
    twice = Codes(*(np.concatenate([np.repeat(part, 2, axis=0) for part in (a[:300], a[300:])]) for a in codes[:2]))
    # Penalties weigh half as much against twice the rows; a quantile of IRS moves between two of them.
    penalties = {"C": 0.005, "penalty": 2.0}
    tolerance = {"dci": 0.02, "dci_es": 0.1, "irs": 0.03, "explicitness": 1e-4}.get(name, 1e-9)
    close(score(name, twice, n_train=600, n_test=400, **penalties), score(name, codes), tolerance)


def test_infomec_takes_copies_for_neighbours():
    z, v, _ = sample(0)
    twice = score("infomec", (np.repeat(z[:300], 8, axis=0), np.repeat(v[:300], 8, axis=0)), n_train=2400)
    once = score("infomec", (z[:300], v[:300]))
    assert twice["infom"] < once["infom"] - 0.02
    assert twice["infoe"] == pytest.approx(once["infoe"], abs=1e-3)


@all_but()
def test_factors_that_are_shuffled_score_as_codes_that_know_nothing(name):
    """Within four standard errors, over 16 seeds of each."""
    shuffled, independent = [], []
    for seed in range(16):
        (z, v, _), (other, *_) = sample(seed), sample(seed + 1000)
        shuffled.append(score(name, (z, np.random.default_rng(seed).permutation(v)), seed))
        independent.append(score(name, (other, v), seed))
    for value in set.intersection(*map(set, shuffled + independent)):  # r2's alignment is not defined of most
        a, b = (np.array([values[value] for values in several]) for several in (shuffled, independent))
        assert abs(a.mean() - b.mean()) <= 4 * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 16)


@pytest.mark.parametrize(
    ("name", "value", "chance"),
    [
        ("explicitness", "explicitness", 0.5),
        ("betavae_score", "betavae_score", 1 / 3),
        ("factorvae_score", "factorvae_score", 1 / 3),
        ("dci", "dci_informativeness", (1 / 2 + 1 / 3 + 1 / 4) / 3),
        ("downstream", "downstream_lr_300", (1 / 2 + 1 / 3 + 1 / 4) / 3),
    ],
)
def test_chance_levels_that_are_known(name, value, chance):
    """On tables so large that the groups of rows with equal factors differ by chance alone."""
    found = []
    for seed in range(16):
        z, v, _ = sample(seed, 4_000)
        found.append(score(name, (z, np.random.default_rng(seed).permutation(v)), seed)[value])
    # Votes and groups of equal factors are finite, and a majority of them is a little above chance.
    assert chance - 4 * np.std(found, ddof=1) / 4 <= np.mean(found) <= chance + 4 * np.std(found, ddof=1) / 4 + 0.02
