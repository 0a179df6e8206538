import numpy as np
import pytest
from scipy.stats import chisquare

from bench.errors import BenchError
from bench.wrappers.correlated import correlated

DRAWS = 4 * 256 * 128


@pytest.mark.parametrize("sigma", [0.1, 0.4])
def test_draws_follow_the_formula(grid, drawn, sigma):
    """p(c1, c2) proportional to exp(-(c1/n1 - c2/n2)^2 / (2 sigma^2)), cell by cell; the third factor is uniform."""
    v = grid.v[drawn(correlated(grid, pairs="scale:x", sigma=sigma))]
    p = np.array([[np.exp(-((a / 4 - b / 10) ** 2) / (2 * sigma**2)) for b in range(10)] for a in range(4)])
    p /= p.sum()
    found = np.zeros((4, 10))
    np.add.at(found, (v[:, 1], v[:, 2]), 1)
    often = p * DRAWS > 5
    assert found[~often].sum() <= p[~often].sum() * DRAWS + 5 * np.sqrt(DRAWS * p[~often].sum()) + 1e-9
    expected = p[often] / p[often].sum() * found[often].sum()
    assert chisquare(found[often], expected).pvalue > 1e-3
    assert chisquare(np.bincount(v[:, 0])).pvalue > 1e-3


def test_several_pairs_multiply(grid):
    both = correlated(grid, pairs="scale:x,shape:x").weights
    one, other = (correlated(grid, pairs=pair).weights for pair in ("scale:x", "shape:x"))
    np.testing.assert_allclose(both, one * other)


def test_what_is_scored_stays_uncorrelated(grid):
    wrapped = correlated(grid, pairs="scale:x")
    assert wrapped.scored is None
    assert np.array_equal(wrapped.to_score, np.arange(len(grid)))


def test_draws_are_a_function_of_seed_and_update(grid, drawn):
    wrapped = correlated(grid, pairs="scale:x")
    assert np.array_equal(drawn(wrapped, 300), drawn(wrapped, 300))
    assert not np.array_equal(drawn(wrapped, 300), drawn(wrapped, 300, seed=1))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pairs": ""}, "correlated.pairs=: expected pairs of factors, each once, such as shape:scale"),
        ({"pairs": "scale:y"}, "correlated.pairs=scale:y: unknown factor 'y': choose from shape, scale, x"),
        ({"pairs": "scale"}, "expected different factors"),
        ({"pairs": "x:x"}, "expected different factors"),
        ({"pairs": "scale:x:shape"}, "expected pairs of factors"),
        ({"pairs": "scale:x,x:scale"}, "each once"),
        ({"pairs": "scale:x", "sigma": 0.0}, "correlated.sigma=0.0: expected a finite number above 0"),
        ({"pairs": "scale:x", "sigma": float("nan")}, "correlated.sigma=nan"),
    ],
)
def test_what_makes_no_sense_is_refused(grid, given, told):
    with pytest.raises(BenchError) as error:
        correlated(grid, **given)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
