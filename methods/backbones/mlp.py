"""The fully connected networks of Higgins et al., beta-VAE, 2017, for dSprites (table 1)."""

import math

from torch import nn

from methods._base import Backbone
from methods._likelihood import Likelihood
from methods.backbones._layers import dense, scaled

__all__ = ["MLP"]


class MLP(Backbone):
    """Encoder 1200-1200 with ReLU and two heads; decoder 1200-1200-1200 with tanh. Fits observations of any shape."""

    def __init__(self, x_shape: tuple[int, ...], z_dim: int, likelihood: Likelihood, width: float = 1.0) -> None:
        super().__init__(x_shape, z_dim, likelihood)
        features = math.prod(x_shape)
        (units,) = scaled((1200,), width)
        self.encoder = nn.Sequential(nn.Flatten(), dense(features, units, units), nn.Linear(units, 2 * z_dim))
        hidden = [m for i in (z_dim, units, units) for m in (nn.Linear(i, units), nn.Tanh())]
        self.decoder = nn.Sequential(*hidden, nn.Linear(units, features), nn.Unflatten(1, x_shape))
