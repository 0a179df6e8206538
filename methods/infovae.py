"""InfoVAE. Zhao, Song & Ermon, InfoVAE: Balancing Learning and Inference in Variational Autoencoders, AAAI 2019."""

import torch
from torch import Tensor

from methods._base import Backbone, Method, require, require_finite
from methods._terms import kl, mmd, sample

__all__ = ["InfoVAE"]


class InfoVAE(Method):
    """Eq. 6: -E_q[log p(x|z)] + (1 - alpha) KL(q(z|x) || p(z)) + (alpha + lambda - 1) MMD^2(q(z), p(z)).

    (alpha, lambda) = (0, 1) is the VAE, alpha + lambda = 1 the beta-VAE with beta = lambda, alpha = 1 the MMD-VAE.
    lambda means nothing without the kernel: k(a, b) = exp(-|a - b|^2 / c) with c = bandwidth * z_dim.
    At alpha = 1 nothing bounds the posteriors' variance from below: see clamp_hits in the record.
    """

    sweep = {"lambda_": (10, 50, 100, 500, 1000)}
    strength = "lambda_"
    bounds = {"lambda_": (1, 1000)}
    uses_step = False

    def __init__(self, backbone: Backbone, alpha: float = 0.0, lambda_: float = 100.0, bandwidth: float = 2.0) -> None:
        super().__init__(backbone)
        require(alpha <= 1, "alpha", alpha, "at most 1, or the KL would be maximised")
        require_finite("alpha + lambda - 1", alpha + lambda_ - 1, 0)
        require_finite("bandwidth", bandwidth, 0, open_low=True)
        self.alpha, self.lambda_ = alpha, lambda_
        self.c = bandwidth * backbone.z_dim
        self.definitions = {
            "mmd_kernel": "exp(-|a-b|^2 / c)",
            "mmd_c": self.c,
            "mmd_estimator": "unbiased over distinct pairs of one batch; prior in closed form",
        }

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The objective of eq. 6; terms loss, recon, kl, mmd."""
        mu, logvar = self.backbone.encode(x)
        z = sample(mu, logvar, rng)
        nll, kl_, mmd_ = self.nll(z, x), kl(mu, logvar), mmd(z, self.c)
        loss = nll + (1 - self.alpha) * kl_ + (self.alpha + self.lambda_ - 1) * mmd_
        return {"loss": loss, "recon": nll, "kl": kl_, "mmd": mmd_}
