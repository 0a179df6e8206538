"""Convolutions 16-16-32 and a dense layer of 128, for 32x32 images on a CPU: Burgess et al., 2018, made smaller."""

from torch import nn

from methods._base import Backbone
from methods._likelihood import Likelihood
from methods.backbones._layers import convolutions, dense, halved, scaled, transposed_convolutions

__all__ = ["Small"]


class Small(Backbone):
    """Kernel 4, stride 2, padding 1, ReLU, dense 128, two heads; mirrored. width scales channels and dense units."""

    def __init__(self, x_shape: tuple[int, ...], z_dim: int, likelihood: Likelihood, width: float = 1.0) -> None:
        super().__init__(x_shape, z_dim, likelihood)
        h, w = halved(x_shape, 3)
        *convs, units = scaled((16, 16, 32, 128), width)
        channels = (x_shape[0], *convs)
        features = channels[-1] * h * w
        self.encoder = nn.Sequential(
            convolutions(channels, (4, 4, 4)), dense(features, units), nn.Linear(units, 2 * z_dim)
        )
        self.decoder = nn.Sequential(
            dense(z_dim, units, features),
            nn.Unflatten(1, (channels[-1], h, w)),
            transposed_convolutions(channels[::-1]),
        )
