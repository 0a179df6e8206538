"""VAE. Kingma & Welling, Auto-Encoding Variational Bayes, ICLR 2014."""

import torch
from torch import Tensor

from methods._base import Method
from methods._terms import kl, sample

__all__ = ["VAE"]


class VAE(Method):
    """Eq. 3: -ELBO = -E_q[log p(x|z)] + KL(q(z|x) || p(z))."""

    uses_step = False

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The negative ELBO; terms loss, recon, kl."""
        mu, logvar = self.backbone.encode(x)
        z = sample(mu, logvar, rng)
        nll, kl_ = self.nll(z, x), kl(mu, logvar)
        return {"loss": nll + kl_, "recon": nll, "kl": kl_}
