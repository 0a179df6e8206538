import math

import numpy as np
import pytest
import torch

from methods._base import MethodError
from methods.dipvae import DIPVAE, covariance, off_diagonal
from methods.vae import VAE

MU = torch.tensor([[1.0, 2.0], [-1.0, 0.0], [3.0, 1.0], [1.0, 1.0]])  # means 1, 1; variances 2, 1/2; covariance 1/2
LOGVAR = torch.log(torch.tensor([[0.5, 1.0], [0.5, 2.0], [1.0, 2.0], [2.0, 1.0]]))  # mean variances 1, 3/2


@pytest.fixture
def encoded(backbone, monkeypatch):
    """Every batch is encoded to the four posteriors above, padded with a third dimension that is the prior's."""
    mu, logvar = (torch.nn.functional.pad(t, (0, 1)) for t in (MU, LOGVAR))
    monkeypatch.setattr(backbone, "encode", lambda x: (mu, logvar))


@pytest.mark.parametrize(
    ("variant", "dip_od", "dip_d", "lambda_d"),
    [
        ("i", 2 * 0.5**2, (2 - 1) ** 2 + (0.5 - 1) ** 2 + (0 - 1) ** 2, 30.0),
        ("ii", 2 * 0.5**2, (3 - 1) ** 2 + (2 - 1) ** 2 + (1 - 1) ** 2, 3.0),
    ],
)
def test_the_penalty_of_a_batch_by_hand(backbone, encoded, x, variant, dip_od, dip_d, lambda_d):
    method = DIPVAE(backbone, lambda_od=3, variant=variant)
    found = method.terms(x[:4], 0, torch.Generator())
    assert found["dip_od"].item() == pytest.approx(dip_od)
    assert found["dip_d"].item() == pytest.approx(dip_d)
    assert method.definitions == {"lambda_d": lambda_d}
    expected = found["recon"] + found["kl"] + 3 * dip_od + lambda_d * dip_d
    torch.testing.assert_close(found["loss"], expected)


def test_the_covariance_is_numpys_divided_by_b():
    mu = torch.randn(20, 4, generator=torch.Generator().manual_seed(0)) + 5
    torch.testing.assert_close(covariance(mu), torch.from_numpy(np.cov(mu.T.numpy(), bias=True)).float())


def test_both_triangles_count_and_the_diagonal_does_not():
    assert off_diagonal(torch.tensor([[9.0, 1.0], [2.0, 9.0]])).item() == 5


@pytest.mark.parametrize("variant", ["i", "ii"])
def test_lambda_0_is_the_vae(backbone, same, variant):
    same(DIPVAE(backbone, lambda_od=0, variant=variant), VAE(backbone))


def test_the_posteriors_width_is_pulled_by_the_second_variant_only(backbone, terms):
    for variant, pulled in (("i", False), ("ii", True)):
        found = terms(DIPVAE(backbone, variant=variant))
        head = backbone.encoder[-1].bias  # of mu, then of logvar
        gradient = torch.autograd.grad(found["dip_d"], head)[0][backbone.z_dim :]
        assert bool((gradient != 0).any()) is pulled


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lambda_od": -1}, "lambda_od=-1: a finite number of at least 0"),
        ({"lambda_od": math.nan}, "lambda_od=nan"),
        ({"lambda_od": math.inf}, "lambda_od=inf"),
        ({"variant": "iii"}, "variant=iii: i or ii"),
    ],
)
def test_arguments_out_of_range_are_refused(backbone, arguments, message):
    with pytest.raises(MethodError, match=message):
        DIPVAE(backbone, **arguments)
