"""Four convolutions 32-64-128-256 and two dense heads, after Higgins et al., beta-VAE, 2017, made wider.

The default of the full-size studies.
"""

from torch import nn

from methods._base import Backbone
from methods._likelihood import Likelihood
from methods.backbones._layers import convolutions, dense, halved, scaled, transposed_convolutions

__all__ = ["Guide"]


class Guide(Backbone):
    """Kernel 4, stride 2, padding 1, ReLU; the parallel heads of mu and logvar are the halves of one dense layer.

    The decoder mirrors it. width scales every number of channels.
    """

    def __init__(self, x_shape: tuple[int, ...], z_dim: int, likelihood: Likelihood, width: float = 1.0) -> None:
        super().__init__(x_shape, z_dim, likelihood)
        h, w = halved(x_shape, 4)
        channels = (x_shape[0], *scaled((32, 64, 128, 256), width))
        features = channels[-1] * h * w
        self.encoder = nn.Sequential(convolutions(channels, (4, 4, 4, 4)), nn.Linear(features, 2 * z_dim))
        self.decoder = nn.Sequential(
            dense(z_dim, features), nn.Unflatten(1, (channels[-1], h, w)), transposed_convolutions(channels[::-1])
        )
