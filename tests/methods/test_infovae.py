import math

import pytest
import torch

from methods._base import MethodError
from methods._terms import mmd, sample
from methods.betavae import BetaVAE
from methods.infovae import InfoVAE
from methods.vae import VAE

NAN, INF = math.nan, math.inf


def test_alpha_0_lambda_1_is_the_vae(backbone, same):
    same(InfoVAE(backbone, alpha=0, lambda_=1), VAE(backbone))


@pytest.mark.parametrize("lambda_", [0.25, 4, 16])
def test_alpha_plus_lambda_1_is_the_beta_vae_with_beta_lambda(backbone, same, lambda_):
    same(InfoVAE(backbone, alpha=1 - lambda_, lambda_=lambda_), BetaVAE(backbone, beta=lambda_))


@pytest.mark.parametrize(("alpha", "lambda_"), [(0, 100), (0.5, 10), (1, 3), (-2, 3.5)])
def test_the_loss_is_equation_6(backbone, terms, alpha, lambda_):
    found = terms(InfoVAE(backbone, alpha=alpha, lambda_=lambda_))
    expected = found["recon"] + (1 - alpha) * found["kl"] + (alpha + lambda_ - 1) * found["mmd"]
    torch.testing.assert_close(found["loss"], expected)


def test_alpha_1_leaves_the_kl_out(backbone, gradients, terms):
    method = InfoVAE(backbone, alpha=1, lambda_=0)  # no weight on the MMD either
    torch.testing.assert_close(terms(method)["loss"], terms(method)["recon"])
    for of_loss, of_recon in zip(gradients(method), gradients(method, "recon"), strict=True):
        torch.testing.assert_close(of_loss, of_recon)


def test_the_mmd_is_of_the_batchs_samples_at_the_stated_bandwidth(backbone, x, terms):
    method = InfoVAE(backbone, bandwidth=5)
    z = sample(*backbone.encode(x[:8]), torch.Generator().manual_seed(2))
    torch.testing.assert_close(terms(method)["mmd"], mmd(z, 15.0))


def test_the_mmd_pulls_the_encoder_and_not_the_decoder(backbone, terms):
    found = terms(InfoVAE(backbone))
    by_encoder = torch.autograd.grad(found["mmd"], list(backbone.encoder.parameters()), retain_graph=True)
    by_decoder = torch.autograd.grad(found["mmd"], list(backbone.decoder.parameters()), allow_unused=True)
    assert all(g.abs().max() > 0 for g in by_encoder)
    assert by_decoder == (None, None)


def test_what_lambda_means_is_recorded(backbone):
    assert InfoVAE(backbone).definitions == {
        "mmd_kernel": "exp(-|a-b|^2 / c)",
        "mmd_c": 6.0,
        "mmd_estimator": "unbiased over distinct pairs of one batch; prior in closed form",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 1.5}, "alpha=1.5: at most 1"),
        ({"alpha": NAN}, "alpha=nan"),
        ({"alpha": -INF}, "alpha"),
        ({"alpha": 0, "lambda_": 0.5}, r"alpha \+ lambda - 1=-0.5: a finite number of at least 0"),
        ({"alpha": 0, "lambda_": 1e-3}, "alpha"),  # the default of a library of this field: it maximises the MMD
        ({"lambda_": NAN}, "lambda"),
        ({"lambda_": INF}, "lambda"),
        ({"bandwidth": 0}, "bandwidth=0: a finite number above 0"),
        ({"bandwidth": -1}, "bandwidth"),
        ({"bandwidth": NAN}, "bandwidth"),
        ({"bandwidth": INF}, "bandwidth"),
    ],
)
def test_weights_that_would_maximise_a_divergence_are_refused(backbone, arguments, message):
    with pytest.raises(MethodError, match=message):
        InfoVAE(backbone, **arguments)
