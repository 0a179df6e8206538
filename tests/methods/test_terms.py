"""The terms against torch.distributions, closed forms, and their definitions written out."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from methods._terms import kl, mmd, permute_dims, sample


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def posterior(b=64, d=5, seed=0):
    rng = generator(seed)
    return torch.randn(b, d, generator=rng), 2 * torch.randn(b, d, generator=rng)


def test_kl_is_that_of_torch_distributions():
    mu, logvar = posterior()
    q = Independent(Normal(mu, torch.exp(0.5 * logvar)), 1)
    p = Independent(Normal(torch.zeros(5), torch.ones(5)), 1)
    torch.testing.assert_close(kl(mu, logvar), kl_divergence(q, p).mean())


def test_kl_of_the_prior_is_zero():
    assert kl(torch.zeros(3, 4), torch.zeros(3, 4)) == 0


def test_samples_have_the_moments_of_the_posterior():
    mu, logvar = torch.tensor([1.0, -2.0]), torch.tensor([0.0, -3.0])
    n = 100_000
    z = sample(mu.repeat(n, 1), logvar.repeat(n, 1), generator())
    sd = torch.exp(0.5 * logvar)
    assert ((z.mean(0) - mu).abs() < 4 * sd / math.sqrt(n)).all()
    torch.testing.assert_close(z.std(0), sd, rtol=0.02, atol=0)


def test_samples_carry_the_gradient_of_the_reparameterisation():
    mu, logvar = (t.requires_grad_() for t in posterior(b=3, d=2))
    z = sample(mu, logvar, generator())
    by_mu, by_logvar = torch.autograd.grad(z.sum(), (mu, logvar))
    torch.testing.assert_close(by_mu, torch.ones_like(mu))
    torch.testing.assert_close(by_logvar, 0.5 * (z - mu).detach())


def test_permute_dims_keeps_each_column_and_breaks_rows():
    z = torch.arange(300.0).reshape(100, 3)
    permuted = permute_dims(z, generator())
    torch.testing.assert_close(permuted.sort(dim=0).values, z, rtol=0, atol=0)
    assert (permuted.diff(dim=1) == 1).all(dim=1).float().mean() < 0.1  # rows that stayed together
    assert (permuted != z).float().mean() > 0.9


def test_permute_dims_takes_each_order_equally_often():
    rng = generator()
    first = torch.stack([permute_dims(torch.tensor([[0.0], [1.0], [2.0]]), rng)[:, 0] for _ in range(6_000)])
    _, counts = torch.unique(first, dim=0, return_counts=True)
    assert len(counts) == 6
    assert ((counts - 1_000) ** 2 / 1_000).sum() < 20.5  # chi squared, 5 degrees of freedom: p = .001


def naive_mmd(z, c):
    """Its three expectations, pair by pair; the prior's by integration over a fine grid (one dimension)."""
    b = len(z)

    def kernel(x, y):
        return math.exp(-sum((i - j) ** 2 for i, j in zip(x.tolist(), y.tolist(), strict=True)) / c)

    k_qq = sum(kernel(z[i], z[j]) for i in range(b) for j in range(b) if i != j) / (b * (b - 1))
    grid = torch.linspace(-8, 8, 2_001, dtype=torch.float64)
    density = torch.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi) * (grid[1] - grid[0])
    k_qp = (torch.exp(-((z.double() - grid) ** 2) / c) * density).sum(dim=1).mean()
    k_pp = (torch.exp(-((grid[:, None] - grid) ** 2) / c) * density * density[:, None]).sum()
    return k_qq - 2 * k_qp.item() + k_pp.item()


@pytest.mark.parametrize("c", [0.5, 2.0, 7.0])
def test_mmd_is_its_definition(c):
    z = 0.3 + 1.5 * torch.randn(12, 1, generator=generator(), dtype=torch.float64)
    assert mmd(z, c).item() == pytest.approx(naive_mmd(z, c), abs=1e-9)


def test_mmd_in_batch_term_is_the_mean_over_distinct_pairs():
    z, c = posterior(b=9, d=4)[0].double(), 8.0
    apart = [torch.exp(-(z[i] - z[j]).square().sum() / c) for i in range(9) for j in range(9) if i != j]
    k_qp = (c / (c + 2)) ** 2 * torch.exp(-z.square().sum(dim=1) / (c + 2)).mean()
    torch.testing.assert_close(mmd(z, c), torch.stack(apart).mean() - 2 * k_qp + (c / (c + 4)) ** 2)


def closed_form(m, s, d, c):
    """MMD^2 of N(m 1, s^2 I) and N(0, I) in d dimensions: each expectation is an integral of Gaussians.

    For a - b ~ N(delta, v) in one dimension, E exp(-(a - b)^2 / c) = sqrt(c / (c + 2v)) exp(-delta^2 / (c + 2v)).
    """

    def expected(delta, v):
        return (math.sqrt(c / (c + 2 * v)) * math.exp(-(delta**2) / (c + 2 * v))) ** d

    return expected(0, 2 * s**2) - 2 * expected(m, 1 + s**2) + expected(0, 2)


@pytest.mark.parametrize(("m", "s"), [(0.0, 1.0), (0.5, 1.0), (0.0, 0.4), (-0.8, 1.6)])
def test_mmd_is_unbiased(m, s):
    d, c, rng = 3, 6.0, generator()
    draws = torch.stack([mmd(m + s * torch.randn(16, d, generator=rng), c) for _ in range(4_000)]).double()
    error = draws.mean() - closed_form(m, s, d, c)
    assert abs(error) < 3 * draws.std() / math.sqrt(len(draws))


def test_mmd_of_equal_laws_is_negative_as_often_as_an_unbiased_estimate_must_be():
    rng = generator()
    draws = torch.stack([mmd(torch.randn(32, 2, generator=rng), 4.0) for _ in range(300)])
    assert 0.2 < (draws < 0).float().mean() < 0.9


def test_mmd_has_a_gradient_where_codes_coincide():
    z = torch.ones(4, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(mmd(z, 4.0), z)
    assert gradient.isfinite().all()
    assert (gradient > 0).all()  # towards the prior's mean
