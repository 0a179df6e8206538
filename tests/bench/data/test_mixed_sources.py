import numpy as np
import pytest

from bench.data.mixed_sources import mixed, mixed_sources
from bench.errors import BenchError

SHA256 = "98abd5d5d22e62df12f69661998178963f9bcd5e99b4762dc439f5e7b0029d06"


@pytest.fixture(scope="module")
def data():
    return mixed_sources()


def test_the_data_set_is_that_of_record(data):
    assert data.sha256 == SHA256
    assert (len(data), data.sizes, data.shape) == (32_768, (8,) * 5, (20,))
    assert (data.kind, data.likelihood) == ("vector", "gaussian")
    assert data.names == ("source1", "source2", "source3", "source4", "source5")


def test_sizes_are_chosen():
    data = mixed_sources(sources=3, values=4, features=7)
    assert (len(data), data.sizes, data.shape) == (64, (4, 4, 4), (7,))


def test_sources_are_independent(data):
    assert np.allclose(np.corrcoef(data.v.T), np.eye(5), atol=1e-12)


def test_noise_is_a_unit_normal_and_the_signal_is_in_units_of_it():
    coarse, fine = (mixed_sources(noise=noise).observations.astype(float) for noise in (0.5, 0.25))
    signal = (fine - coarse) / 2  # s / 0.25 + e less s / 0.5 + e is s / 0.5
    assert np.allclose(signal.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(signal.std(axis=0), 1, atol=1e-3)
    e = coarse - 2 * signal
    assert np.allclose([e.mean(), e.std()], [0, 1], atol=0.01)
    assert abs(np.corrcoef(e.ravel(), signal.ravel())[0, 1]) < 0.01


def test_the_mixture_is_smooth_and_not_linear(data):
    u = np.random.default_rng(0).standard_normal((400, 5))
    x = mixed(u, 20, 0.7, np.random.default_rng(1))
    a = np.column_stack([u, np.ones(len(u))])
    residual = x - a @ np.linalg.lstsq(a, x, rcond=None)[0]
    assert 0.05 < residual.var() < 0.6


def test_a_source_moves_the_features_by_decay_of_the_one_before():
    def moved(decay):
        data = mixed_sources(values=4, features=200, decay=decay, noise=0.01)
        grid = data.observations.astype(float).reshape(*data.sizes, 200)
        return np.array([np.diff(grid, axis=k).std() for k in range(5)])

    even, uneven = moved(1.0), moved(0.5)
    assert even.max() / even.min() < 1.3
    assert (np.diff(uneven) < 0).all()


def test_another_seed_is_another_mixture(data):
    assert mixed_sources(seed=1).sha256 != data.sha256


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sources": 1}, "mixed_sources.sources=1: expected at least 2"),
        ({"values": 1}, "mixed_sources.values=1: expected at least 2"),
        ({"sources": 10}, r"mixed_sources.values=8: expected values\^sources at most 1,000,000"),
        ({"sources": 10**9}, r"values\^sources at most"),
        ({"features": 0}, "mixed_sources.features=0: expected from 1"),
        ({"decay": 0.0}, "mixed_sources.decay=0.0: expected above 0 and at most 1"),
        ({"decay": float("nan")}, "mixed_sources.decay=nan"),
        ({"noise": 0.0}, "mixed_sources.noise=0.0: expected from 0.001 to 1000"),
        ({"noise": float("nan")}, "mixed_sources.noise=nan"),
        ({"seed": -1}, "mixed_sources.seed=-1: expected at least 0"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(BenchError, match=message):
        mixed_sources(**arguments)
