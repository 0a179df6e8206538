import pytest
import torch

from methods._base import MethodError
from methods.betavae import BetaVAE
from methods.vae import VAE


@pytest.mark.parametrize("beta", [0.5, 4, 16])
def test_the_loss_weights_the_kl_by_beta(backbone, terms, beta):
    found = terms(BetaVAE(backbone, beta=beta))
    torch.testing.assert_close(found["loss"], found["recon"] + beta * found["kl"])


def test_beta_1_is_the_vae(backbone, same):
    same(BetaVAE(backbone, beta=1), VAE(backbone))


def test_beta_4_is_not_the_vae(backbone, same):
    with pytest.raises(AssertionError):
        same(BetaVAE(backbone), VAE(backbone))


@pytest.mark.parametrize("beta", [0, -1, float("nan"), float("inf")])
def test_beta_is_positive(backbone, beta):
    with pytest.raises(MethodError, match=f"beta={beta}: a finite number above 0"):
        BetaVAE(backbone, beta=beta)
