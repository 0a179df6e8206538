import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from metrics._information import discretise, entropy, mutual_information


@pytest.fixture
def v():
    return np.random.default_rng(0).integers(0, 5, (200, 3))


def test_uniform_entropy_is_the_log_of_the_number_of_values():
    assert entropy(np.arange(8)[:, None] // 2) == pytest.approx(np.log(4))


def test_constant_variable_has_no_entropy_and_no_information(v):
    constant = np.full((200, 1), 3)
    assert entropy(constant)[0] == 0
    assert np.array_equal(mutual_information(constant, v), np.zeros((1, 3)))


def test_information_of_a_variable_with_itself_is_its_entropy(v):
    assert np.diag(mutual_information(v, v)) == pytest.approx(entropy(v))


def test_information_is_symmetric(v):
    assert mutual_information(v, v) == pytest.approx(mutual_information(v, v).T)


def test_agrees_with_scikit_learn(v):
    theirs = [[mutual_info_score(a, b) for b in v.T] for a in v.T]
    assert mutual_information(v, v) == pytest.approx(np.array(theirs))


def test_independent_grid_has_no_information():
    grid = np.stack(np.unravel_index(np.arange(12), (3, 4)), axis=1)
    assert mutual_information(grid[:, :1], grid[:, 1:]) == pytest.approx(0, abs=1e-12)


def test_bins_are_equally_wide_and_hold_the_maximum():
    z = np.array([0.0, 0.1, 0.5, 0.99, 1.0])[:, None]
    assert discretise(z, 2)[:, 0].tolist() == [0, 0, 1, 1, 1]


def test_bins_of_a_constant_are_all_one():
    assert len(np.unique(discretise(np.full((7, 1), 2.5), 20))) == 1


def test_reference_values(case):
    train = case.train
    mi = mutual_information(discretise(train.z, 20), train.v)
    assert mi == pytest.approx(case.arrays["mi"], abs=1e-9)
    assert entropy(train.v) == pytest.approx(case.arrays["entropy"], abs=1e-9)
