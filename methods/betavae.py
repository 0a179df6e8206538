"""beta-VAE. Higgins et al., beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework, 2017."""

import torch
from torch import Tensor

from methods._base import Backbone, Method, require_finite
from methods._terms import kl, sample

__all__ = ["BetaVAE"]


class BetaVAE(Method):
    """Eq. 4: -E_q[log p(x|z)] + beta KL(q(z|x) || p(z)); beta 1 is the VAE."""

    sweep = {"beta": (1, 2, 4, 6, 8, 16)}
    strength = "beta"
    bounds = {"beta": (1, 32)}
    uses_step = False

    def __init__(self, backbone: Backbone, beta: float = 4.0) -> None:
        super().__init__(backbone)
        require_finite("beta", beta, 0, open_low=True)
        self.beta = beta

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The objective of eq. 4; terms loss, recon, kl."""
        mu, logvar = self.backbone.encode(x)
        z = sample(mu, logvar, rng)
        nll, kl_ = self.nll(z, x), kl(mu, logvar)
        return {"loss": nll + self.beta * kl_, "recon": nll, "kl": kl_}
