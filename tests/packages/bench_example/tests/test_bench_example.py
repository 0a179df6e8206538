"""The suite's contract over this package's plugins, and what is true of these alone."""

import numpy as np
import pytest
import torch
from bench_example.blobs import blobs
from bench_example.rank_gap import rank_gap
from bench_example.wae import WAE
from scipy.stats import spearmanr

from bench.testing import Contract
from methods import LIKELIHOODS
from methods.backbones.mlp import MLP
from methods.infovae import InfoVAE
from metrics import Codes


class TestContract(Contract):
    methods = ("wae",)
    metrics = ("rank_gap",)
    datasets = ("blobs",)


def test_without_the_noise_term_wae_is_infovae_at_alpha_1():
    backbone = MLP((12,), 3, LIKELIHOODS["gaussian"])
    x = torch.rand(16, 12)
    wae, mmd_vae = WAE(backbone, lambda_=7.0, noise=0.0), InfoVAE(backbone, alpha=1.0, lambda_=7.0)
    a, b = (method.terms(x, 0, torch.Generator().manual_seed(0))["loss"] for method in (wae, mmd_vae))
    assert a.item() == pytest.approx(b.item(), rel=1e-6)


def test_the_noise_term_is_an_l1_penalty_on_log_variances():
    backbone = MLP((12,), 3, LIKELIHOODS["gaussian"])
    x = torch.rand(16, 12)
    logvar = backbone.encode(x)[1].detach().numpy()
    assert logvar.min() < 0 < logvar.max()
    terms = WAE(backbone, lambda_=7.0, noise=2.0).terms(x, 0, torch.Generator().manual_seed(0))
    assert terms["variance"].item() == pytest.approx(np.abs(logvar).sum(axis=1).mean(), rel=1e-6)
    parts = terms["recon"] + 7 * terms["mmd"] + 2 * terms["variance"]
    assert terms["loss"].item() == pytest.approx(parts.item(), rel=1e-6)


def test_rank_gap_is_made_of_spearmans_rho():
    rng = np.random.default_rng(0)
    v = rng.integers(0, 5, (1000, 2))
    z = v @ rng.standard_normal((2, 3)) + rng.standard_normal((1000, 3))
    rho = rank_gap(Codes(z, v), rng).matrices["spearman"]
    assert rho == pytest.approx(np.abs(spearmanr(z, v).statistic[:3, 3:]))


def test_a_blob_is_brightest_where_its_factors_say():
    data = blobs()
    rows = np.arange(len(data))
    brightest = data.x(rows).reshape(len(data), -1).argmax(axis=1)
    assert np.array_equal(np.stack(np.unravel_index(brightest, (32, 32)), axis=1), 5 + 2 * data.v[:, 1:])
