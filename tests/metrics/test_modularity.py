import numpy as np
import pytest

from metrics._codes import Codes, MetricError
from metrics.modularity import _modularity, modularity


def test_reference(case):
    ours = modularity(case.sample, np.random.default_rng(0), n_train=case.about["n_train"])
    assert ours.values["modularity"] == pytest.approx(case.expected["modularity"]["value"], abs=1e-9)
    np.testing.assert_allclose(ours.matrices["mutual_information"], case.arrays["mi"], atol=1e-9)


def test_by_hand():
    mi = np.array([[2.0, 0.0, 0.0], [2.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(_modularity(mi), [1, 1 - 1 / 8, 0, 0])


def grid(n=4):
    v = np.stack(np.unravel_index(np.arange(n**2), (n, n)), axis=1)
    return Codes(v.astype(float), v)


def test_one_dimension_for_each_factor_is_1_and_two_for_one_are_as_good():
    z, v, _ = grid()
    for codes in (z, z[:, [0, 0, 1]]):
        assert modularity(Codes(codes, v), np.random.default_rng(0), n_train=16, bins=4).values["modularity"] == 1


def test_a_dimension_that_holds_both_factors_is_0():
    z, v, _ = grid()
    both = (z[:, :1] * 4 + z[:, 1:]) * np.ones(2)
    assert modularity(Codes(both, v), np.random.default_rng(0), n_train=16, bins=16).values[
        "modularity"
    ] == pytest.approx(0)


def test_dead_dimensions_count_as_0():
    z, v, _ = grid()
    dead = np.concatenate([z, np.full((16, 2), 0.1)], axis=1)
    assert modularity(Codes(dead, v), np.random.default_rng(0), n_train=16, bins=4).values["modularity"] == 0.5


def test_a_constant_factor_is_not_counted():
    z, v, _ = grid()
    z = z + 0.3 * z[:, ::-1]
    with_constant = Codes(z, np.insert(v, 0, 7, axis=1))
    a, b = (modularity(c, np.random.default_rng(0), n_train=16, bins=4).values for c in (Codes(z, v), with_constant))
    assert a == b
    with pytest.raises(MetricError, match=r"v has 1 column\(s\), expected at least 2"):
        modularity(Codes(z, v[:, :1]), np.random.default_rng(0), n_train=16, bins=4)


def test_more_bins_than_rows():
    with pytest.raises(MetricError, match="bins is 20, more than the 16 rows"):
        modularity(grid(), np.random.default_rng(0), n_train=16)
