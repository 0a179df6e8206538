import math

import pytest
import torch

from methods._base import MethodError
from methods._terms import permute_dims, sample
from methods.factorvae import JOINT, PRODUCT, FactorVAE, cross_entropy, discriminator
from methods.vae import VAE


@pytest.fixture
def method(backbone):
    return FactorVAE(backbone, width=16)


def test_gamma_0_is_the_vae(backbone, same):
    same(FactorVAE(backbone, gamma=0, width=16), VAE(backbone))


def test_the_loss_is_equation_2(method, terms):
    found = terms(method)
    torch.testing.assert_close(found["loss"], found["recon"] + found["kl"] + 40 * found["tc"])


def test_two_full_batches_a_step_and_the_first_makes_the_elbo_and_the_tc(method, x, terms):
    assert method.draws == 2
    other = torch.cat([x[:8], torch.rand(8, 1, 4, 4)])
    a, b = terms(method), terms(method, other)
    for term in ("loss", "recon", "kl", "tc"):
        assert torch.equal(a[term], b[term])
    assert not torch.equal(a["d_loss"], b["d_loss"])
    torch.testing.assert_close(a["recon"], terms(VAE(method.backbone))["recon"])


def test_the_second_batch_is_encoded_without_a_graph(method, x, terms):
    x.requires_grad_()
    for term in ("loss", "d_loss"):
        (gradient,) = torch.autograd.grad(terms(method, x)[term], x)
        assert (gradient[:8] != 0).any()
        assert (gradient[8:] == 0).all()


def test_each_player_has_a_term_and_weights_of_its_own(method):
    assert [player.term for player in method.players] == ["loss", "d_loss"]
    assert [player.module for player in method.players] == [method.backbone, method.discriminator]


def test_the_discriminator_tells_joint_from_product(method, terms):
    """Bias its last layer: sure of `joint`, it is right on the first batch and wrong on the second."""
    with torch.no_grad():
        method.discriminator[-1].weight.zero_()
        method.discriminator[-1].bias.copy_(torch.tensor([math.log(3), 0.0]))
    found = terms(method)
    assert found["tc"].item() == pytest.approx(math.log(3))
    assert found["d_loss"].item() == pytest.approx(-0.5 * (math.log(0.75) + math.log(0.25)))


def test_the_discriminators_loss_is_that_of_algorithm_2(method, x, terms):
    """Joint class: the first batch's samples. Product class: the second batch's, each column shuffled."""
    rng = torch.Generator().manual_seed(2)
    z = sample(*method.backbone.encode(x[:8]), rng)
    z_perm = permute_dims(sample(*method.backbone.encode(x[8:]), rng), rng)
    log_d, log_d_perm = (method.discriminator(codes).log_softmax(dim=1) for codes in (z, z_perm))
    expected = -0.5 * (log_d[:, JOINT].mean() + log_d_perm[:, PRODUCT].mean())
    torch.testing.assert_close(terms(method)["d_loss"], expected)


def test_the_discriminator_learns_at_its_own_rate(backbone):
    method = FactorVAE(backbone, lr_discriminator=3e-4, width=16)
    assert method.players[1].adam == {"lr": 3e-4, "betas": (0.5, 0.9)}
    assert "lr" not in method.players[0].adam


def test_the_discriminator_of_the_paper_has_six_layers_of_1000():
    assert sum(w.numel() for w in discriminator(10, 1000).parameters()) == 5_018_002


@pytest.mark.parametrize(("z", "logit"), [(1.0, 1.0), (-1.0, -(0.2**6))])
def test_each_hidden_layer_lets_a_fifth_of_what_is_negative_through(z, logit):
    """Six layers that pass their input on, and as many leaky ReLUs."""
    net = discriminator(1, 1)
    with torch.no_grad():
        for name, w in net.named_parameters():
            w.fill_(1.0 if name.endswith("weight") else 0.0)
    assert net(torch.tensor([[z]])).tolist() == [[pytest.approx(logit, rel=1e-5)] * 2]


def test_cross_entropy_of_logits():
    logits = torch.tensor([[1.0, 3.0], [0.0, 0.0]])
    assert cross_entropy(logits, PRODUCT).item() == pytest.approx((math.log(1 + math.exp(-2)) + math.log(2)) / 2)


def test_a_trained_discriminator_recovers_the_total_correlation_of_a_gaussian():
    """TC of two normals of correlation rho is -1/2 log(1 - rho^2); the product is sampled directly."""
    rho, n = 0.9, 512
    rng = torch.Generator().manual_seed(0)
    root = torch.linalg.cholesky(torch.tensor([[1.0, rho], [rho, 1.0]]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = discriminator(2, 48)
    adam = torch.optim.Adam(net.parameters(), lr=2e-3, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.LinearLR(adam, 1, 0.02, 400)
    for _ in range(400):
        joint, product = torch.randn(n, 2, generator=rng) @ root.T, torch.randn(n, 2, generator=rng)
        loss = 0.5 * (cross_entropy(net(joint), JOINT) + cross_entropy(net(product), PRODUCT))
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
    with torch.no_grad():
        logits = net(torch.randn(50_000, 2, generator=rng) @ root.T)
        tc = (logits[:, JOINT] - logits[:, PRODUCT]).mean().item()
    assert tc == pytest.approx(-0.5 * math.log(1 - rho**2), rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": -1}, "gamma=-1: a finite number of at least 0"),
        ({"gamma": math.nan}, "gamma=nan"),
        ({"gamma": math.inf}, "gamma=inf"),
        ({"lr_discriminator": 0}, "lr_discriminator=0: a finite number above 0"),
        ({"lr_discriminator": math.nan}, "lr_discriminator=nan"),
        ({"width": 0}, "width=0: at least 1"),
    ],
)
def test_arguments_out_of_range_are_refused(backbone, arguments, message):
    with pytest.raises(MethodError, match=message):
        FactorVAE(backbone, **arguments)
