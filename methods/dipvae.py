"""DIP-VAE. Kumar, Sattigeri & Balakrishnan, Variational Inference of Disentangled Latent Concepts..., ICLR 2018."""

import torch
from torch import Tensor

from methods._base import Backbone, Method, require, require_finite
from methods._terms import kl, sample

__all__ = ["DIPVAE"]

DIAGONAL = {"i": 10.0, "ii": 1.0}  # lambda_d / lambda_od of each variant


class DIPVAE(Method):
    """Eqs. 6 and 7: -ELBO + lambda_od sum_{i!=j} C_ij^2 + lambda_d sum_i (C_ii - 1)^2.

    variant i: C = Cov_x[mu], the means' covariance, and lambda_d = 10 lambda_od. variant ii: C = Cov_x[mu] +
    E_x[diag sigma^2], the covariance of q(z), and lambda_d = lambda_od. C is the batch's, divided by B. The ratios are
    those of Locatello et al. (2019).
    """

    sweep = {"lambda_od": (1, 2, 5, 10, 20, 50)}
    strength = "lambda_od"
    uses_step = False

    def __init__(self, backbone: Backbone, lambda_od: float = 10.0, variant: str = "i") -> None:
        super().__init__(backbone)
        require_finite("lambda_od", lambda_od, 0)
        require(variant in DIAGONAL, "variant", variant, "i or ii")
        self.lambda_od, self.variant = lambda_od, variant
        self.lambda_d = DIAGONAL[variant] * lambda_od
        self.definitions = {"lambda_d": self.lambda_d}

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """The objective of eq. 6 or 7; terms loss, recon, kl, and the sums dip_od (i != j) and dip_d, unweighted."""
        mu, logvar = self.backbone.encode(x)
        z = sample(mu, logvar, rng)
        nll, kl_ = self.nll(z, x), kl(mu, logvar)
        c = covariance(mu) if self.variant == "i" else covariance(mu) + logvar.exp().mean(dim=0).diag()
        dip_od, dip_d = off_diagonal(c), (c.diag() - 1).square().sum()
        loss = nll + kl_ + self.lambda_od * dip_od + self.lambda_d * dip_d
        return {"loss": loss, "recon": nll, "kl": kl_, "dip_od": dip_od, "dip_d": dip_d}


def covariance(mu: Tensor) -> Tensor:
    """E[mu mu^T] - E[mu] E[mu]^T over the batch, (D, D), of mu (B, D)."""
    centred = mu - mu.mean(dim=0)
    return centred.T @ centred / len(mu)


def off_diagonal(c: Tensor) -> Tensor:
    """sum_{i!=j} c_ij^2: both triangles."""
    return (c - c.diag().diag()).square().sum()
