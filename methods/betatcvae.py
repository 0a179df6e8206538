"""beta-TCVAE. Chen, Li, Grosse & Duvenaud, Isolating Sources of Disentanglement in Variational Autoencoders, 2018."""

import math

import torch
from torch import Tensor

from methods._base import Backbone, Method, require_finite
from methods._terms import kl, sample

__all__ = ["BetaTCVAE"]


class BetaTCVAE(Method):
    """Eq. 4 with alpha = gamma = 1: -ELBO + (beta - 1) TC(z); beta 1 is the VAE.

    KL(q(z|x) || p(z)) holds the total correlation once, so that it is weighted by beta in all.
    """

    sweep = {"beta": (1, 2, 4, 6, 8, 10)}
    strength = "beta"
    uses_step = False

    def __init__(self, backbone: Backbone, beta: float = 6.0) -> None:
        super().__init__(backbone)
        require_finite("beta", beta, 0, open_low=True)
        self.beta = beta
        self.definitions = {"tc_estimator": "minibatch-weighted sampling without log N: reads 0 at equal posteriors"}

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The objective of eq. 4; terms loss, recon, kl, tc."""
        mu, logvar = self.backbone.encode(x)
        z = sample(mu, logvar, rng)
        nll, kl_, tc = self.nll(z, x), kl(mu, logvar), total_correlation(z, mu, logvar)
        return {"loss": nll + kl_ + (self.beta - 1) * tc, "recon": nll, "kl": kl_, "tc": tc}


def total_correlation(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """E log q(z) - sum_d E log q(z_d), q(z) = 1/B sum_j q(z|x_j) being the batch's posteriors; z, mu, logvar (B, D).

    Minibatch-weighted sampling (section 3.1) divides by N B, N observations, in place of B: that adds the constant
    (D - 1) log N, which has no gradient. Without it equal posteriors read 0 nats, and posteriors so narrow that none
    overlaps another in any dimension read (D - 1) log B, whatever the total correlation is: z_i is always one of q's
    own samples, so small batches and narrow posteriors bias the estimate.
    """
    pairs = log_normal(z[:, None], mu, logvar)  # (B, B, D): log q(z_id | x_j)
    log_b = math.log(len(z))
    log_qz = pairs.sum(dim=2).logsumexp(dim=1) - log_b
    log_qz_d = pairs.logsumexp(dim=1) - log_b
    return (log_qz - log_qz_d.sum(dim=1)).mean()


def log_normal(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mu, exp logvar), element by element, in nats."""
    return -0.5 * ((z - mu) ** 2 * torch.exp(-logvar) + logvar + math.log(2 * math.pi))
