import numpy as np
import pytest

from metrics._codes import MetricError
from metrics._gaussian import active_units, gaussian_tc, kl_per_dimension


@pytest.fixture
def z():
    return np.random.default_rng(0).standard_normal((500, 4))


def with_covariance(z, covariance):
    """Rows whose sample covariance is exactly the one given."""
    white = np.linalg.solve(np.linalg.cholesky(np.cov(z, rowvar=False)), (z - z.mean(axis=0)).T)
    return (np.linalg.cholesky(covariance) @ white).T


def test_pair_of_correlation_rho(z):
    rho = 0.8
    pair = with_covariance(z[:, :2], np.array([[4, 2 * rho], [2 * rho, 1]]))
    assert gaussian_tc(pair) == pytest.approx(-0.5 * np.log(1 - rho**2))


def test_uncorrelated_codes_have_none(z):
    assert gaussian_tc(with_covariance(z, np.diag([1.0, 2, 3, 4]))) == pytest.approx(0, abs=1e-12)


def test_scale_order_and_dead_codes_are_irrelevant(z):
    mixed = z @ np.random.default_rng(1).standard_normal((4, 4))
    changed = np.c_[1e3 * mixed[:, ::-1], np.full(len(z), 0.1)]
    assert gaussian_tc(changed) == pytest.approx(gaussian_tc(mixed))


def test_copied_code_is_finite(z):
    assert gaussian_tc(np.c_[z, z[:, 0]]) == pytest.approx(-0.5 * np.log(1e-10), abs=1)


@pytest.mark.parametrize("width", [0, 1])
def test_fewer_than_two_varying_codes_have_none(z, width):
    assert gaussian_tc(np.c_[z[:, :width], np.ones(len(z))]) == 0


def test_reference_values(case):
    expected = case.expected["unsupervised"]
    if expected["gaussian_total_correlation"] == "nan":  # constant codes, which we drop
        assert np.isfinite(gaussian_tc(case.train.z))
    else:
        ours = gaussian_tc(case.train.z)
        assert ours == pytest.approx(expected["gaussian_total_correlation"], abs=expected["tol"])


def test_active_units_vary_over_the_data(z):
    mu = z * np.array([1, 0.2, 0.05, 0])
    assert active_units(mu).tolist() == [True, True, False, False]
    assert active_units(mu, threshold=0.1).tolist() == [True, False, False, False]


def test_kl_in_closed_form():
    mu, logvar = np.array([[0.0, 2.0, 0.0]] * 5), np.array([[0.0, 0.0, np.log(4.0)]] * 5)
    assert kl_per_dimension(mu, logvar) == pytest.approx([0, 2, 0.5 * (4 - 1 - np.log(4))])


def test_kl_refuses_different_shapes(z):
    with pytest.raises(MetricError, match=r"\(500, 3\)"):
        kl_per_dimension(z, z[:, :3])
