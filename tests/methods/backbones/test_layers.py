import pytest
import torch
from torch import nn
from torch.nn import functional as F

from methods.backbones._layers import ToPixels, convolutions, dense, scaled, transposed_convolutions


@pytest.mark.parametrize(("channels", "x_channels", "h", "w"), [(32, 1, 16, 16), (4, 3, 5, 7), (1, 1, 1, 1)])
def test_to_pixels_is_the_transposed_convolution(channels, x_channels, h, w):
    mine, parents = ToPixels(channels, x_channels), nn.ConvTranspose2d(channels, x_channels, 4, stride=2, padding=1)
    parents.load_state_dict(mine.state_dict())
    x = torch.randn(2, channels, h, w, requires_grad=True)
    to = torch.randn(2, x_channels, 2 * h, 2 * w)
    found = [_with_gradients(layer, x, to) for layer in (mine, parents)]
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def _with_gradients(layer, x, to):
    out = layer(x)
    return [out, *torch.autograd.grad((out * to).sum(), [x, layer.weight, layer.bias])]


def test_convolutions_halve_and_transposed_ones_double():
    x = torch.randn(2, 3, 16, 8)
    assert convolutions((3, 5, 6), (4, 2))(x).shape == (2, 6 * 4 * 2)
    assert transposed_convolutions((3, 5, 1))(x).shape == (2, 1, 64, 32)


def test_relus_follow_every_layer_but_the_decoders_last():
    x = torch.randn(2, 3, 16, 16)
    assert convolutions((3, 5), (4,))(x).min() == 0
    assert dense(4, 6)(torch.randn(8, 4)).min() == 0
    assert transposed_convolutions((3, 5, 1))(x).min() < 0


def test_a_relu_in_place_leaves_the_gradient_of_its_layer_alone():
    layers = dense(3, 4, 2)
    x = torch.randn(5, 3)
    expected = F.relu(F.linear(F.relu(F.linear(x, *layers[0].parameters())), *layers[2].parameters()))
    weights = list(layers.parameters())
    for a, b in zip(
        torch.autograd.grad(layers(x).sum(), weights), torch.autograd.grad(expected.sum(), weights), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_scaled_channels_are_at_least_one():
    assert scaled((32, 64, 3), 0.5) == (16, 32, 2)
    assert scaled((1, 8), 0.01) == (1, 1)
