"""FactorVAE. Kim & Mnih, Disentangling by Factorising, ICML 2018."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from methods._base import Backbone, Method, Player, require, require_finite
from methods._terms import kl, permute_dims, sample

__all__ = ["FactorVAE"]

JOINT, PRODUCT = 0, 1  # the discriminator's classes: q(z) and prod_j q(z_j)


class FactorVAE(Method):
    """Eq. 2: -ELBO + gamma TC(z), with the TC from a discriminator trained as in Algorithm 2; gamma 0 is the VAE.

    A step takes two full batches: the ELBO, the TC and the discriminator's joint class see the first, its product
    class the permuted second, encoded without a graph. Algorithm 2 encodes the second batch after the VAE's update;
    here both players step from the same weights.
    """

    sweep = {"gamma": (10, 20, 30, 40, 50, 100)}
    strength = "gamma"
    bounds = {"gamma": (5, 150)}
    draws = 2
    uses_step = False

    def __init__(
        self, backbone: Backbone, gamma: float = 40.0, lr_discriminator: float = 1e-4, width: int = 1000
    ) -> None:
        super().__init__(backbone)
        require_finite("gamma", gamma, 0)
        require_finite("lr_discriminator", lr_discriminator, 0, open_low=True)
        require(width >= 1, "width", width, "at least 1")
        self.gamma = gamma
        self.discriminator = discriminator(backbone.z_dim, width)
        self.players.append(Player("d_loss", self.discriminator, {"lr": lr_discriminator, "betas": (0.5, 0.9)}))

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The objectives of Algorithm 2; terms loss, d_loss, recon, kl, tc (the discriminator's estimate)."""
        x, x_prime = x.chunk(2)
        mu, logvar = self.backbone.encode(x)
        z = sample(mu, logvar, rng)
        with torch.no_grad():
            z_perm = permute_dims(sample(*self.backbone.encode(x_prime), rng), rng)
        d_z, d_z_perm = self.discriminator(z), self.discriminator(z_perm)

        nll, kl_ = self.nll(z, x), kl(mu, logvar)
        tc = (d_z[:, JOINT] - d_z[:, PRODUCT]).mean()  # eq. 3: E_q(z)[log D(z) / (1 - D(z))]
        d_loss = 0.5 * (cross_entropy(d_z, JOINT) + cross_entropy(d_z_perm, PRODUCT))
        return {"loss": nll + kl_ + self.gamma * tc, "d_loss": d_loss, "recon": nll, "kl": kl_, "tc": tc}


def discriminator(z_dim: int, width: int) -> nn.Sequential:
    """The MLP of appendix A: six hidden layers, leaky ReLU 0.2, two logits."""
    widths = [z_dim] + [width] * 6
    hidden = [m for i, o in pairwise(widths) for m in (nn.Linear(i, o), nn.LeakyReLU(0.2, True))]
    return nn.Sequential(*hidden, nn.Linear(width, 2))


def cross_entropy(logits: Tensor, label: int) -> Tensor:
    """-log softmax(logits)[label], mean over the batch."""
    return F.cross_entropy(logits, torch.full((len(logits),), label, device=logits.device))
