import math

import pytest
import torch

from methods._base import MethodError
from methods.annealedvae import AnnealedVAE
from methods.vae import VAE


@pytest.mark.parametrize(
    ("step", "capacity"), [(0, 0), (1, 25 / 100_000), (50_000, 12.5), (100_000, 25), (100_001, 25), (10**7, 25)]
)
def test_the_capacity_grows_linearly_and_stays(backbone, step, capacity):
    assert AnnealedVAE(backbone).capacity(step) == pytest.approx(capacity)


def at(method, x, step):
    return method.terms(x[:8], step, torch.Generator().manual_seed(2))


@pytest.mark.parametrize("step", [0, 3, 10, 50])
def test_the_loss_is_equation_8(backbone, x, step):
    found = at(AnnealedVAE(backbone, gamma=7, c_max=4, iterations=10), x, step)
    assert found["capacity"].item() == pytest.approx(4 * min(step / 10, 1))
    torch.testing.assert_close(found["loss"], found["recon"] + 7 * (found["kl"] - found["capacity"]).abs())


def test_a_kl_below_the_capacity_is_raised_and_one_above_it_lowered(backbone, x):
    method = AnnealedVAE(backbone, gamma=1000, c_max=100, iterations=10)
    weights = list(backbone.encoder.parameters())

    def pulls(step):
        found = at(method, x, step)
        of_recon, of_kl, of_loss = (
            torch.autograd.grad(found[name], weights, retain_graph=True) for name in ("recon", "kl", "loss")
        )
        return of_recon, of_kl, of_loss

    for step, sign in ((0, 1), (10, -1)):
        for of_recon, of_kl, of_loss in zip(*pulls(step), strict=True):
            torch.testing.assert_close(of_loss, of_recon + sign * 1000 * of_kl)


def test_at_no_capacity_and_gamma_1_it_is_the_vae(backbone, same):
    same(AnnealedVAE(backbone, gamma=1, c_max=0), VAE(backbone))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": -1}, "gamma=-1: a finite number of at least 0"),
        ({"gamma": math.nan}, "gamma=nan"),
        ({"gamma": math.inf}, "gamma=inf"),
        ({"c_max": -1}, "c_max=-1: a finite number of at least 0"),
        ({"c_max": math.inf}, "c_max=inf"),
        ({"iterations": 0}, "iterations=0: at least 1"),
    ],
)
def test_arguments_out_of_range_are_refused(backbone, arguments, message):
    with pytest.raises(MethodError, match=message):
        AnnealedVAE(backbone, **arguments)
