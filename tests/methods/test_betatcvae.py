import math

import pytest
import torch

from methods._base import MethodError
from methods._terms import sample
from methods.betatcvae import BetaTCVAE, log_normal, total_correlation
from methods.vae import VAE


def gaussian_batch(correlation, b, sigma=0.5, seed=0):
    """z, mu, logvar of b posteriors of width sigma, whose mixture is N(0, correlation) in the limit of a great b."""
    rng = torch.Generator().manual_seed(seed)
    d = len(correlation)
    root = torch.linalg.cholesky(correlation - sigma**2 * torch.eye(d))
    mu = torch.randn(b, d, generator=rng) @ root.T
    logvar = torch.full_like(mu, 2 * math.log(sigma))
    return sample(mu, logvar, rng), mu, logvar


def equicorrelated(rho, d):
    """The correlation matrix and -1/2 log of its determinant (1 - rho)^(D-1) (1 + (D-1) rho), the TC in nats."""
    correlation = (1 - rho) * torch.eye(d) + rho
    return correlation, -0.5 * math.log((1 - rho) ** (d - 1) * (1 + (d - 1) * rho))


def test_beta_1_is_the_vae(backbone, same):
    same(BetaTCVAE(backbone, beta=1), VAE(backbone))


def test_beta_6_is_not_the_vae(backbone, same):
    with pytest.raises(AssertionError):
        same(BetaTCVAE(backbone), VAE(backbone))


@pytest.mark.parametrize("beta", [0.5, 4, 10])
def test_the_loss_is_equation_4(backbone, terms, beta):
    found = terms(BetaTCVAE(backbone, beta=beta))
    torch.testing.assert_close(found["loss"], found["recon"] + found["kl"] + (beta - 1) * found["tc"])


def test_the_tc_is_that_of_the_batchs_samples(backbone, x, terms):
    mu, logvar = backbone.encode(x[:8])
    z = sample(mu, logvar, torch.Generator().manual_seed(2))
    torch.testing.assert_close(terms(BetaTCVAE(backbone))["tc"], total_correlation(z, mu, logvar))


def test_the_density_is_that_of_a_normal():
    z, mu, logvar = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        log_normal(z, mu, logvar), torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z)
    )


def test_the_estimate_is_of_the_mixture_of_the_batchs_posteriors():
    z, mu, logvar = gaussian_batch(equicorrelated(0.5, 3)[0], 6)
    mixture = torch.distributions.Categorical(torch.ones(6))
    joint = torch.distributions.MixtureSameFamily(
        mixture, torch.distributions.Independent(torch.distributions.Normal(mu, (0.5 * logvar).exp()), 1)
    )
    columns = [
        torch.distributions.MixtureSameFamily(mixture, torch.distributions.Normal(m, s)).log_prob(column)
        for column, m, s in zip(z.T, mu.T, (0.5 * logvar).exp().T, strict=True)
    ]
    torch.testing.assert_close(total_correlation(z, mu, logvar), (joint.log_prob(z) - sum(columns)).mean())


@pytest.mark.parametrize(("rho", "d"), [(0.0, 2), (0.5, 2), (0.7, 2), (0.5, 3)])
def test_a_great_batch_recovers_the_total_correlation_of_a_gaussian(rho, d):
    correlation, expected = equicorrelated(rho, d)
    found = [total_correlation(*gaussian_batch(correlation, 2000, seed=seed)).item() for seed in range(4)]
    assert sum(found) / 4 == pytest.approx(expected, abs=0.03)


def test_a_small_batch_overstates_independent_dimensions_and_less_so_a_greater_one():
    correlation, _ = equicorrelated(0.0, 5)
    found = {
        b: sum(total_correlation(*gaussian_batch(correlation, b, seed=seed)).item() for seed in range(40)) / 40
        for b in (16, 64, 256)
    }
    assert found[16] > found[64] > found[256] > 0


def test_equal_posteriors_read_nothing():
    mu, logvar = torch.zeros(8, 4), torch.zeros(8, 4)
    z = sample(mu, logvar, torch.Generator().manual_seed(0))
    assert total_correlation(z, mu, logvar).item() == pytest.approx(0, abs=1e-6)


def test_posteriors_that_nowhere_overlap_read_the_greatest_value():
    mu = torch.arange(8.0)[:, None].expand(8, 4)
    z = mu + 1e-3
    assert total_correlation(z, mu, torch.full_like(mu, -12)).item() == pytest.approx(3 * math.log(8), abs=1e-4)


def test_the_division_by_n_that_is_left_out_has_no_gradient():
    z, mu, logvar = gaussian_batch(equicorrelated(0.5, 3)[0], 8)
    mu.requires_grad_()
    n = 1000
    pairs = log_normal(z[:, None], mu, logvar)
    weighted = pairs.sum(2).logsumexp(1) - math.log(n * 8) - (pairs.logsumexp(1) - math.log(n * 8)).sum(1)
    ours = total_correlation(z, mu, logvar)
    torch.testing.assert_close(weighted.mean(), ours + 2 * math.log(n))
    (a,), (b,) = torch.autograd.grad(weighted.mean(), mu), torch.autograd.grad(ours, mu)
    torch.testing.assert_close(a, b)


def test_the_widest_and_narrowest_posteriors_leave_it_finite():
    mu = 3 * torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    for bound in (-30.0, 20.0):
        logvar = torch.full_like(mu, bound).requires_grad_()
        tc = total_correlation(sample(mu, logvar, torch.Generator().manual_seed(1)), mu, logvar)
        assert tc.isfinite()
        assert torch.autograd.grad(tc, logvar)[0].isfinite().all()


@pytest.mark.parametrize("beta", [0, -1, math.nan, math.inf])
def test_beta_is_positive(backbone, beta):
    with pytest.raises(MethodError, match=f"beta={beta}: a finite number above 0"):
        BetaTCVAE(backbone, beta=beta)
