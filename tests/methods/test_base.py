import pytest
import torch

from methods._base import LOGVAR_RANGE, MethodError, Player
from methods.vae import VAE


def test_the_backbones_encoder_gives_mu_then_logvar(backbone, x):
    mu, logvar = backbone.encode(x)
    heads = backbone.encoder(x)
    torch.testing.assert_close(mu, heads[:, :3])
    torch.testing.assert_close(logvar, heads[:, 3:])
    assert backbone.clamp_hits == 0


def test_logvar_is_clamped_and_hits_are_counted(backbone, x):
    with torch.no_grad():
        backbone.encoder[1].weight.zero_()
        backbone.encoder[1].bias.copy_(torch.tensor([50.0, 0, 0, -31, 0.5, 1000]))
    mu, logvar = backbone.encode(x)
    low, high = LOGVAR_RANGE
    torch.testing.assert_close(logvar[0], torch.tensor([low, 0.5, high]))
    assert (mu[:, 0] == 50).all()  # mu is free
    assert backbone.clamp_hits == 2 * len(x)
    backbone.encode(x)
    assert backbone.clamp_hits == 4 * len(x)


@pytest.mark.parametrize(("raw", "clamped"), [(-29.5, -29.5), (-30.5, -30.0), (19.5, 19.5), (20.5, 20.0)])
def test_log_variances_from_minus_30_to_20_are_left_alone(backbone, x, raw, clamped):
    with torch.no_grad():
        backbone.encoder[1].weight.zero_()
        backbone.encoder[1].bias.fill_(raw)
    _, logvar = backbone.encode(x)
    assert (logvar == clamped).all()
    assert bool(backbone.clamp_hits) == (raw != clamped)


def test_the_count_of_hits_is_no_weight(backbone):
    assert "clamp_hits" not in backbone.state_dict()


def test_a_method_minimises_its_loss_over_its_backbone(backbone):
    (player,) = VAE(backbone).players
    assert (player.term, player.module) == ("loss", backbone)
    assert Player("loss", backbone).adam == {"betas": (0.9, 0.999)}


def test_nll_is_that_of_the_likelihood_at_the_decoders_output(backbone, x):
    z = torch.randn(len(x), 3)
    expected = backbone.likelihood.nll(backbone.decoder(z), x)
    torch.testing.assert_close(VAE(backbone).nll(z, x), expected, rtol=0, atol=0)


def test_no_latent_dimension_is_refused(backbone):
    with pytest.raises(MethodError, match="z_dim=0: at least 1"):
        type(backbone)((1, 4, 4), 0, backbone.likelihood)
