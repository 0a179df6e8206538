"""WAE, random encoders. Rubenstein et al., On the Latent Space of Wasserstein Auto-Encoders, arXiv:1802.03761, 2018."""

import torch
from torch import Tensor

from methods import Backbone, Method, kl, mmd, require_finite, sample

__all__ = ["WAE"]


class WAE(Method):
    """-E_q[log p(x|z)] + lambda MMD^2(q(z), p(z)) + noise E_x sum_j |log sigma_j^2(x)|.

    The first two terms are the objective of Tolstikhin et al., Wasserstein Auto-Encoders, ICLR 2018 (D_WAE), the
    data's likelihood being its cost c. No KL: the last term alone keeps the encoders' variances from falling to 0. It
    is the L1 penalty of the authors' code (github.com/paruby/Wasserstein-Auto-Encoders, models.py), summed over
    dimensions and meant over the batch there too; noise is its `lambda_logvar_regularisation`. The kernel differs: here
    the Gaussian one of this suite's InfoVAE, c = 2 z_dim, there a sum of inverse multiquadratics.
    """

    title = "WAE"
    marker = "*"
    sweep = {"lambda_": (10, 100, 1000)}
    strength = "lambda_"
    bounds = {"lambda_": (1, 1000)}

    def __init__(self, backbone: Backbone, lambda_: float = 100.0, noise: float = 1.0) -> None:
        super().__init__(backbone)
        require_finite("lambda", lambda_, 0)
        require_finite("noise", noise, 0)
        self.lambda_, self.noise = lambda_, noise

    def terms(self, x: Tensor, step: int, rng: torch.Generator) -> dict[str, Tensor]:
        """Terms loss, recon, mmd, variance; and kl, which is told but not minimised."""
        mu, logvar = self.backbone.encode(x)
        z = sample(mu, logvar, rng)
        nll, mmd_ = self.nll(z, x), mmd(z, 2.0 * self.backbone.z_dim)
        variance = logvar.abs().sum(dim=1).mean()
        loss = nll + self.lambda_ * mmd_ + self.noise * variance
        return {"loss": loss, "recon": nll, "mmd": mmd_, "variance": variance, "kl": kl(mu, logvar)}
