"""Sizes of the published networks, and what each backbone fits."""

import pytest
import torch

from bench import plugins
from methods._base import MethodError
from methods._likelihood import LIKELIHOODS

NAMES = plugins.names("backbone")
CONVOLUTIONAL = [name for name in NAMES if name not in ("mlp", "gru")]
IMAGES = [(1, 64, 64), (3, 64, 64), (1, 32, 32), (2, 32, 64)]


def build(name, x_shape, z_dim=10, **arguments):
    return plugins.load("backbone", name)(x_shape, z_dim, LIKELIHOODS["bernoulli"], **arguments)


def parameters(name, *arguments):
    with torch.device("meta"):
        return sum(w.numel() for w in build(name, *arguments).parameters())


def conv(i, o, k):
    return i * o * k * k + o


def test_locatello_has_the_published_number_of_parameters():
    assert parameters("locatello", (1, 64, 64)) == 690_517


def test_guide_is_four_convolutions_and_two_parallel_heads_mirrored():
    encoder = conv(1, 32, 4) + conv(32, 64, 4) + conv(64, 128, 4) + conv(128, 256, 4) + 2 * (4096 * 10 + 10)
    decoder = (10 * 4096 + 4096) + (256 * 128 + 128 * 64 + 64 * 32 + 32) * 16 + 128 + 64 + 32 + 1
    assert parameters("guide", (1, 64, 64)) == encoder + decoder


def test_burgess_is_four_convolutions_and_two_dense_layers_mirrored():
    encoder = conv(1, 32, 4) + 3 * conv(32, 32, 4) + (512 * 256 + 256) + (256 * 256 + 256) + (256 * 20 + 20)
    decoder = (10 * 256 + 256) + (256 * 256 + 256) + (256 * 512 + 512) + 3 * conv(32, 32, 4) + 32 * 16 + 1
    assert parameters("burgess", (1, 64, 64)) == encoder + decoder


def test_mlp_is_that_of_higgins():
    encoder = 4096 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 20 + 20
    decoder = 10 * 1200 + 1200 + 2 * (1200 * 1200 + 1200) + 1200 * 4096 + 4096
    assert parameters("mlp", (1, 64, 64)) == encoder + decoder


@pytest.mark.parametrize("x_shape", IMAGES)
@pytest.mark.parametrize("name", [*CONVOLUTIONAL, "mlp"])
def test_shapes(name, x_shape):
    backbone = build(name, x_shape, 4, width=0.1)
    x = torch.rand(3, *x_shape)
    mu, logvar = backbone.encode(x)
    assert mu.shape == logvar.shape == (3, 4)
    assert backbone.decode(mu).shape == x.shape


@pytest.mark.parametrize("x_shape", [(1, 28, 28), (1, 32, 20), (1, 4, 4), (32, 32), (12,), (1, 1, 32, 32)])
@pytest.mark.parametrize("name", CONVOLUTIONAL)
def test_sizes_that_do_not_halve_are_refused(name, x_shape):
    with pytest.raises(MethodError, match=r"observation shape=.*: images"):
        build(name, x_shape)


@pytest.mark.parametrize("x_shape", [(12,), (1, 28, 28), (5, 3)])
def test_mlp_fits_any_shape(x_shape):
    backbone = build("mlp", x_shape, 2, width=0.01)
    x = torch.rand(3, *x_shape)
    assert backbone.decode(backbone.encode(x)[0]).shape == x.shape


@pytest.mark.parametrize("name", NAMES)
def test_width_scales_and_is_positive(name):
    shape = (3, 32) if name == "gru" else (1, 32, 32)
    narrow, wide = (sum(w.numel() for w in build(name, shape, 4, width=w).parameters()) for w in (0.25, 0.5))
    assert narrow < wide
    for width in (0, -1, float("nan")):
        with pytest.raises(MethodError, match=f"width={width}: above 0"):
            build(name, shape, width=width)
