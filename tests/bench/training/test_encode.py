import numpy as np
import pytest
import torch

from bench.training.build import build
from bench.training.encode import BATCH, code_diagnostics, encode, reconstruction
from metrics._codes import Posterior

CPU = torch.device("cpu")
ROWS = np.arange(24).repeat(30)[::-1]  # 720 rows, more than one block


@pytest.fixture(params=["bernoulli", "gaussian"])
def backbone(request, toy, spec_of):
    return build(spec_of(likelihood=request.param), toy.shape).backbone


def test_rows_are_encoded_in_order(backbone, toy):
    assert len(ROWS) > BATCH
    posterior = encode(backbone, toy, ROWS, CPU)
    with torch.no_grad():
        mu, logvar = backbone.encode(torch.from_numpy(toy.x(ROWS)))
    np.testing.assert_allclose(posterior.mu, mu.numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(posterior.logvar, logvar.numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(posterior.v, toy.v[ROWS])
    np.testing.assert_array_equal(posterior.index, ROWS)
    assert posterior.mu.dtype == np.float32


def test_reconstruction_is_the_mean_over_rows(backbone, toy):
    posterior = encode(backbone, toy, ROWS, CPU)
    found = reconstruction(backbone, toy, posterior, 0, CPU)
    x = torch.from_numpy(toy.x(ROWS))
    with torch.no_grad():
        x_params = backbone.decode(torch.from_numpy(posterior.mu))
    assert found["recon"] == pytest.approx(backbone.likelihood.nll(x_params, x).item(), rel=1e-4)
    assert found["mse"] == pytest.approx((backbone.likelihood.mean(x_params) - x).square().mean().item(), rel=1e-4)


def test_the_elbo_is_by_samples(backbone, toy):
    posterior = encode(backbone, toy, ROWS, CPU)
    sharp = Posterior(posterior.mu, np.full_like(posterior.logvar, -30), posterior.v, posterior.index)
    found = reconstruction(backbone, toy, sharp, 0, CPU)  # its samples are its means
    kl = 0.5 * (posterior.mu**2 + np.exp(-30) + 30 - 1).sum(axis=1).mean()
    assert found["elbo"] == pytest.approx(-found["recon"] - kl, rel=1e-4)
    wide = Posterior(posterior.mu, np.full_like(posterior.logvar, 2), posterior.v, posterior.index)
    a, b, again = (reconstruction(backbone, toy, wide, seed, CPU)["elbo"] for seed in (0, 1, 0))
    assert a == again != b


def test_code_diagnostics_of_one_active_dimension():
    rng = np.random.default_rng(0)
    mu = np.stack([rng.choice([-1.0, 1.0], 4_000), np.zeros(4_000), np.full(4_000, 0.5)], axis=1)
    found = code_diagnostics(Posterior(mu, np.zeros_like(mu), np.zeros((4_000, 1), int), np.arange(4_000)), rng)
    assert found["kl_per_dimension"] == pytest.approx([0.5, 0, 0.125])
    assert found["kl"] == pytest.approx(0.625)
    assert (found["active_units"], found["collapsed"]) == (1.0, False)
    assert found["tc_mean"] == 0
    assert 0 <= found["tc_sample"] < 0.01


def test_no_active_dimension_is_collapse():
    mu = np.zeros((100, 2))
    posterior = Posterior(mu, mu, np.zeros((100, 1), int), np.arange(100))
    found = code_diagnostics(posterior, np.random.default_rng(0))
    assert (found["active_units"], found["collapsed"], found["kl"]) == (0.0, True, 0.0)
