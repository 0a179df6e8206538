"""What must not change a score, for the metrics of codes that need no tree and no vote. For all: test_properties.

And the table of docs/metrics.md: what of scale, place and direction each score sees.
"""

import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import _registry
from metrics._codes import Codes, MetricError
from metrics.betavae_score import betavae_score
from metrics.explicitness import explicitness
from metrics.infomec import infomec
from metrics.irs import irs
from metrics.mcc import mcc
from metrics.modularity import modularity
from metrics.sap import sap

TRAIN, BOTH = {"n_train": 300}, {"n_train": 300, "n_test": 200}
ARGUMENTS = {
    betavae_score: BOTH | {"batch": 8},
    explicitness: BOTH,
    infomec: TRAIN,
    irs: TRAIN,
    mcc: TRAIN,
    modularity: TRAIN,
    sap: BOTH,
}
few = settings(max_examples=8, deadline=None, derandomize=True)
each = pytest.mark.parametrize("metric", ARGUMENTS, ids=lambda metric: metric.__name__)
seeds = st.integers(0, 2**32)


def some(*metrics):
    return pytest.mark.parametrize("metric", metrics, ids=lambda metric: metric.__name__)


def sample(seed, n=500):
    """A blurred mixture of four factors in five dimensions."""
    rng = np.random.default_rng(seed)
    v = np.stack([rng.integers(size, size=n) for size in (2, 3, 4, 6)], axis=1)
    return Codes(v @ rng.standard_normal((4, 5)) + 0.5 * rng.standard_normal((n, 5)), v)


def score(metric, z, v, seed=0):
    return metric(Codes(z, v), np.random.default_rng(seed), **ARGUMENTS[metric])


def same(a, b, tolerance=1e-9):
    return a.values == pytest.approx(b.values, abs=tolerance)


@each
def test_the_signature_is_the_protocol(metric):
    codes, rng, *protocol = inspect.signature(metric).parameters.values()
    assert codes.name in ("sample", "table")
    assert rng.name == "rng"
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in protocol)
    assert inspect.getmodule(metric).__all__ == [metric.__name__]


@some(explicitness, infomec, irs, mcc, modularity, sap)
@few
@given(seed=seeds)
def test_the_order_of_factors_does_not_matter(metric, seed):
    z, v, _ = sample(seed)
    order = np.random.default_rng(seed).permutation(4)
    a, b = score(metric, z, v), score(metric, z, v[:, order])
    assert same(a, b)
    for name, per_factor in a.per_factor.items():
        np.testing.assert_allclose(b.per_factor[name], per_factor[order], atol=1e-9)


@some(explicitness, infomec, irs, mcc, modularity)
@few
@given(seed=seeds, scale=st.sampled_from([2.0**-8, 0.5, 4.0, 2.0**10]), shift=st.floats(-1, 1))
def test_a_common_scale_and_shifts_do_not_matter(metric, seed, scale, shift):
    z, v, _ = sample(seed)
    assert same(score(metric, z, v), score(metric, scale * (z + shift), v), 1e-3)


@some(explicitness, mcc, modularity)
@few
@given(seed=seeds)
def test_neither_do_scales_and_signs_of_single_dimensions(metric, seed):
    z, v, _ = sample(seed)
    scale = np.array([2.0**-6, 1, 2, 2.0**8, -1])
    tolerance = 0.05 if metric is modularity else 1e-5  # a mirrored histogram closes its bins on the other side
    assert same(score(metric, z, v), score(metric, z * scale, v), tolerance)


@each
def test_a_dead_dimension_of_float32_is_dead(metric):
    z, v, _ = sample(0)
    dead = np.insert(z, 2, 0.1, axis=1).astype(np.float32)
    assert all(np.isfinite(x) for x in score(metric, dead, v).values.values())


@each
def test_small_factor_types_do_not_overflow(metric):
    z, v, _ = sample(0)
    assert same(score(metric, z, v), score(metric, z, v.astype(np.uint8)))


@some(explicitness, infomec, irs, mcc, modularity, sap)
def test_rows_beyond_those_asked_for_are_not_seen(metric):
    z, v, _ = sample(0)
    longer = np.concatenate([z, np.full((3, 5), 1e6)]), np.concatenate([v, v[:3]])
    assert score(metric, z, v).values == score(metric, *longer).values


@some(explicitness, infomec, irs, mcc, modularity, sap)
def test_too_few_rows_are_counted(metric):
    z, v, _ = sample(0)
    with pytest.raises(MetricError, match=r"200 rows, expected n_train 300 \+ n_test"):
        score(metric, z[:200], v[:200])


@each
@pytest.mark.parametrize(
    ("z", "v", "message"),
    [
        (sample(0).z[:-1], sample(0).v, "rows"),
        (np.where(np.arange(5) == 3, np.nan, sample(0).z), sample(0).v, "z column 3 holds nan in row 0"),
        (sample(0).z.astype(object), sample(0).v, "z has dtype object"),
        (sample(0).z, sample(0).v * 0 + 2, "factor|vary|constant"),
    ],
)
def test_mistakes_are_named(metric, z, v, message):
    with pytest.raises(MetricError, match=message):
        score(metric, z, v)


@each
@pytest.mark.parametrize("argument", ["n_train"])
def test_no_rows_to_fit(metric, argument):
    with pytest.raises(MetricError, match="n_train is 0"):
        metric(sample(0), np.random.default_rng(0), **ARGUMENTS[metric] | {argument: 0})


FEW = {"n_train": 1000, "n_test": 500, "votes": 1000, "eval_votes": 500, "n_variance": 1500, "batch": 32, "draws": 2}
TURN = np.linalg.qr(np.random.default_rng(7).standard_normal((5, 5)))[0]
CHANGES = {
    "order": [lambda z: z[:, [3, 0, 4, 2, 1]]],
    "sign": [lambda z: z * [1, -1, 1, -1, -1]],
    "shift": [lambda z: z + np.array([1000, -3, 10, 0, 50])],
    "scale of each": [lambda z: z * [1000, 1, 0.001, 1 / 30, 30], lambda z: z * [0.001, 1 / 30, 1000, 1, 0.03]],
    "common scale": [lambda z: z * 0.001, lambda z: z * 1000],
    "rotation": [lambda z: z @ TURN],
    "monotone map": [lambda z: np.sinh(3 * z), lambda z: np.exp(2 * z)],
}
CLAIMS = {"yes": (0, 0.01), "nearly": (0.0005, 0.03), "no": (0.012, np.inf)}  # by how much the score may move


@cache
def measured(name):
    """By score and change, by how much the score moves at most, over two strengths of noise; inf where it vanishes."""
    moved = {}
    for noise in (0.4, 0.8):
        z, v, _ = turned(noise)
        before = few_rows(name, z, v)
        for change, maps in CHANGES.items():
            for after in [few_rows(name, one(z), v) for one in maps]:
                for value, x in before.items():
                    key = (group(value), change)
                    moved[key] = max(moved.get(key, 0.0), abs(after.get(value, np.inf) - x))
    return moved


def turned(noise):
    """Codes that hold three factors for the most part alone, of mean 0 and variance 1."""
    rng = np.random.default_rng(0)
    v = np.stack([rng.integers(size, size=1500) for size in (3, 4, 5)], axis=1)
    mixed = [[1, 0.3, 0, 0, 0.2], [0, 1, 0.4, 0, 0.2], [0.2, 0, 1, 0.3, 0]]
    z = (v - v.mean(axis=0)) / v.std(axis=0) @ mixed + noise * rng.standard_normal((1500, 5))
    return Codes((z - z.mean(axis=0)) / z.std(), v)


def few_rows(name, z, v):
    metric = _registry.load(name)
    arguments = {argument: x for argument, x in FEW.items() if argument in inspect.signature(metric).parameters}
    return metric(Codes(z, v), np.random.default_rng(0), **arguments).values


def group(value):
    """The rows of the table: the many accuracies of `downstream` are one for each classifier."""
    return "_".join(value.split("_")[:2]) if value.startswith("downstream") else value


@pytest.fixture(scope="module")
def claims():
    """The table of docs/metrics.md: by score and change, what is claimed."""
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8").splitlines()
    head = next(n for n, line in enumerate(text) if line.startswith("| score | order |"))
    lines = text[head : next(n for n in range(head, len(text)) if not text[n].startswith("|"))]
    (_, *changes), _, *rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    assert changes == list(CHANGES)
    return {(score, change): cell for score, *cells in rows for change, cell in zip(changes, cells, strict=True)}


@pytest.mark.parametrize("name", _registry.own())
def test_the_table_of_invariances_says_what_is_measured(name, claims):
    found = measured(name)
    assert {key: claims.get(key) for key in found if not holds(claims.get(key), found[key])} == {}, found


def test_the_table_has_no_score_that_is_not_measured(claims):
    values = {group(value) for name in _registry.own() for value in few_rows(name, *turned(0.4)[:2])}
    assert {score for score, _ in claims} == values


def holds(claim, moved):
    low, high = CLAIMS.get(claim, (np.inf, -np.inf))
    return low <= moved <= high
