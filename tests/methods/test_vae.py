import torch

from methods._terms import kl, sample
from methods.vae import VAE


def test_the_loss_is_the_negative_elbo(backbone, x, terms):
    found = terms(VAE(backbone))
    mu, logvar = backbone.encode(x[:8])
    z = sample(mu, logvar, torch.Generator().manual_seed(2))
    recon = backbone.likelihood.nll(backbone.decode(z), x[:8])
    assert set(found) == {"loss", "recon", "kl"}
    torch.testing.assert_close(found["recon"], recon)
    torch.testing.assert_close(found["kl"], kl(mu, logvar))
    torch.testing.assert_close(found["loss"], recon + kl(mu, logvar))


def test_it_has_nothing_to_sweep():
    assert (VAE.sweep, VAE.strength, VAE.draws) == ({}, None, 1)
