import pytest
import torch

from methods._base import MethodError
from methods._likelihood import LIKELIHOODS
from methods.backbones.gru import GRU, Frames, Sequence


def build(x_shape, z_dim=4, **arguments):
    torch.manual_seed(0)
    return GRU(x_shape, z_dim, LIKELIHOODS["gaussian"], **arguments)


@pytest.mark.parametrize(("x_shape", "frame"), [((1, 64), 4), ((3, 12), 1), ((2, 12), 12)])
def test_shapes(x_shape, frame):
    backbone = build(x_shape, frame=frame)
    x = torch.rand(5, *x_shape)
    mu, logvar = backbone.encode(x)
    assert mu.shape == logvar.shape == (5, 4)
    assert backbone.decode(mu).shape == x.shape


def test_frames_are_instants_side_by_side_and_are_undone():
    x = torch.arange(24.0).reshape(1, 2, 12)  # channels 0..11 and 12..23
    frames = Frames(3)(x)
    assert frames.shape == (1, 4, 6)
    assert frames[0, 1].tolist() == [3, 15, 4, 16, 5, 17]
    assert torch.equal(Sequence(2, 3)(frames), x)


def test_every_instant_reaches_the_code_and_the_code_every_instant():
    backbone = build((1, 16))
    x = torch.rand(1, 1, 16, requires_grad=True)
    mu, _ = backbone.encode(x)
    assert (torch.autograd.grad(mu.sum(), x)[0] != 0).all()
    z = mu.detach().requires_grad_()
    for value in backbone.decode(z).flatten():
        assert (torch.autograd.grad(value, z, retain_graph=True)[0] != 0).all()


def test_places_in_the_sequence_are_told_apart():
    decoded = build((1, 16)).decode(torch.zeros(1, 4)).detach().reshape(4, 4)
    assert (decoded[1:] - decoded[:-1]).abs().max(dim=1).values.min() > 1e-3


@pytest.mark.parametrize(
    ("x_shape", "arguments", "message"),
    [
        ((12,), {}, r"observation shape=\(12,\): sequences"),
        ((1, 32, 32), {}, r"observation shape=\(1, 32, 32\): sequences"),
        ((1, 12), {"frame": 0}, "frame=0: from 1 to the sequence's length 12"),
        ((1, 12), {"frame": 13}, "frame=13: from 1 to"),
        ((1, 12), {"frame": 5}, "frame=5: a divisor of the sequence's length 12"),
        ((1, 12), {"width": 0}, "width=0: above 0"),
    ],
)
def test_what_does_not_fit_is_refused(x_shape, arguments, message):
    with pytest.raises(MethodError, match=message):
        build(x_shape, **arguments)
