"""The terms that objectives are built from: sums over dimensions, means over the batch, in nats."""

import torch
from torch import Tensor


def sample(mu: Tensor, logvar: Tensor, rng: torch.Generator) -> Tensor:
    """z ~ q(z|x) = N(mu, diag exp logvar), reparameterised; (B, D)."""
    return mu + torch.exp(0.5 * logvar) * torch.randn(mu.shape, generator=rng, device=mu.device, dtype=mu.dtype)


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(q(z|x) || N(0, I)) = 1/2 sum_j (mu_j^2 + sigma_j^2 - log sigma_j^2 - 1). Kingma & Welling (2014), app. B."""
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(dim=1).mean()


def permute_dims(z: Tensor, rng: torch.Generator) -> Tensor:
    """A sample of prod_j q(z_j): each column of z (B, D) shuffled over the batch on its own.

    Kim & Mnih (2018), Algorithm 1. The order of i.i.d. uniform numbers is a uniform permutation.
    """
    order = torch.rand(z.shape, generator=rng, device=z.device).argsort(dim=0)
    return z.gather(0, order)


def mmd(z: Tensor, c: float) -> Tensor:
    """MMD^2(q(z), N(0, I)) with k(a, b) = exp(-|a - b|^2 / c): E k(z, z') - 2 E k(z, p) + E k(p, p').

    z: (B, D) with B >= 2. The first term is the mean over distinct pairs, which makes the estimate unbiased (so it
    may be negative); the prior's part is exact: E k(z, p) = (c / (c + 2))^(D/2) exp(-|z|^2 / (c + 2)) and
    E k(p, p') = (c / (c + 4))^(D/2), the integrals of Gaussians. Gretton et al. (2012), lemma 6.
    """
    d = z.shape[1]
    k_qq = torch.exp(-torch.pdist(z).square() / c).mean()
    k_qp = (c / (c + 2)) ** (d / 2) * torch.exp(-z.square().sum(dim=1) / (c + 2)).mean()
    k_pp = (c / (c + 4)) ** (d / 2)
    mmd2: Tensor = k_qq - 2 * k_qp + k_pp
    return mmd2
