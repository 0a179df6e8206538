"""A backbone small enough for closed forms, and the same batches for every method."""

import pytest
import torch
from torch import nn

from methods._base import Backbone
from methods._likelihood import LIKELIHOODS

X_SHAPE, Z_DIM, B = (1, 4, 4), 3, 8


class Linear(Backbone):
    """One dense layer each way."""

    def __init__(self, x_shape, z_dim, likelihood):
        super().__init__(x_shape, z_dim, likelihood)
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(16, 2 * z_dim))
        self.decoder = nn.Sequential(nn.Linear(z_dim, 16), nn.Unflatten(1, x_shape))


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture
def backbone():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Linear(X_SHAPE, Z_DIM, LIKELIHOODS["bernoulli"])


@pytest.fixture
def x():
    """Two batches in a row."""
    return torch.rand(2 * B, *X_SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def terms(x):
    """Terms of a method on as many batches as it draws, all of one stream of noise."""

    def evaluate(method, observations=x):
        rng = torch.Generator().manual_seed(2)
        return method.terms(observations[: method.draws * B], step=0, rng=rng)

    return evaluate


@pytest.fixture
def gradients(terms):
    """A term's gradient by each weight of the backbone."""

    def evaluate(method, term="loss"):
        return torch.autograd.grad(terms(method)[term], list(method.backbone.parameters()))

    return evaluate


@pytest.fixture
def same(terms, gradients):
    """Asserts that two methods over one backbone have the same loss and pull its weights the same way."""

    def check(a, b):
        torch.testing.assert_close(terms(a)["loss"], terms(b)["loss"])
        for mine, other in zip(gradients(a), gradients(b), strict=True):
            torch.testing.assert_close(mine, other)

    return check
