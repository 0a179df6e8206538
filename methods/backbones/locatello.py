"""Locatello et al., Challenging Common Assumptions in the Unsupervised Learning of Disentanglement, ICML 2019."""

from torch import nn

from methods._base import Backbone
from methods._likelihood import Likelihood
from methods.backbones._layers import convolutions, dense, halved, scaled, transposed_convolutions

__all__ = ["Locatello"]


class Locatello(Backbone):
    """Table 1: convolutions 32 (kernel 4), 32 (4), 64 (2), 64 (2), stride 2, dense 256, two heads.

    The decoder: dense 256, dense 4 x 4 x 64, transposed convolutions 64, 32, 32, C of kernel 4.
    """

    def __init__(self, x_shape: tuple[int, ...], z_dim: int, likelihood: Likelihood, width: float = 1.0) -> None:
        super().__init__(x_shape, z_dim, likelihood)
        h, w = halved(x_shape, 4)
        narrow, wide, units = scaled((32, 64, 256), width)
        self.encoder = nn.Sequential(
            convolutions((x_shape[0], narrow, narrow, wide, wide), (4, 4, 2, 2)),
            dense(wide * h * w, units),
            nn.Linear(units, 2 * z_dim),
        )
        self.decoder = nn.Sequential(
            dense(z_dim, units, wide * h * w),
            nn.Unflatten(1, (wide, h, w)),
            transposed_convolutions((wide, wide, narrow, narrow, x_shape[0])),
        )
