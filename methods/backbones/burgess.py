"""Burgess et al., Understanding disentangling in beta-VAE, 2018, appendix A."""

from torch import nn

from methods._base import Backbone
from methods._likelihood import Likelihood
from methods.backbones._layers import convolutions, dense, halved, scaled, transposed_convolutions

__all__ = ["Burgess"]


class Burgess(Backbone):
    """Four convolutions of 32 channels (kernel 4, stride 2, padding 1), dense 256, dense 256, two heads; mirrored."""

    def __init__(self, x_shape: tuple[int, ...], z_dim: int, likelihood: Likelihood, width: float = 1.0) -> None:
        super().__init__(x_shape, z_dim, likelihood)
        h, w = halved(x_shape, 4)
        c, units = scaled((32, 256), width)
        self.encoder = nn.Sequential(
            convolutions((x_shape[0], c, c, c, c), (4, 4, 4, 4)),
            dense(c * h * w, units, units),
            nn.Linear(units, 2 * z_dim),
        )
        self.decoder = nn.Sequential(
            dense(z_dim, units, units, c * h * w),
            nn.Unflatten(1, (c, h, w)),
            transposed_convolutions((c, c, c, c, x_shape[0])),
        )
