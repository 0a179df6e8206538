"""AnnealedVAE. Burgess et al., Understanding disentangling in beta-VAE, 2018."""

import torch
from torch import Tensor

from methods._base import Backbone, Method, require, require_finite
from methods._terms import kl, sample

__all__ = ["AnnealedVAE"]


class AnnealedVAE(Method):
    """Eq. 8: -E_q[log p(x|z)] + gamma |KL(q(z|x) || p(z)) - C|, C growing linearly from 0 to c_max nats.

    iterations: the update at which C reaches c_max, where it stays; a training shorter than that ends below c_max.
    """

    sweep = {"c_max": (5, 10, 25, 50, 75, 100)}
    strength = "c_max"

    def __init__(
        self, backbone: Backbone, gamma: float = 1000.0, c_max: float = 25.0, iterations: int = 100_000
    ) -> None:
        super().__init__(backbone)
        require_finite("gamma", gamma, 0)
        require_finite("c_max", c_max, 0)
        require(iterations >= 1, "iterations", iterations, "at least 1")
        self.gamma, self.c_max, self.iterations = gamma, c_max, iterations

    def capacity(self, step: int) -> float:
        """C at an update, in nats; 0 at the first, update 0."""
        return self.c_max * min(step / self.iterations, 1)

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The objective of eq. 8; terms loss, recon, kl, capacity."""
        mu, logvar = self.backbone.encode(x)
        z = sample(mu, logvar, rng)
        nll, kl_ = self.nll(z, x), kl(mu, logvar)
        c = torch.full_like(kl_, self.capacity(step))
        return {"loss": nll + self.gamma * (kl_ - c).abs(), "recon": nll, "kl": kl_, "capacity": c}
