"""What every plugin does, of this suite and of packages installed beside it. A new file is picked up here by itself."""

import importlib
import inspect
import os
import re

import numpy as np
import pytest
import torch

from bench import plugins
from bench.plugins import names, resolve
from bench.protocol import Protocol
from bench.spec import DataSpec, RunSpec
from bench.train import train
from methods._base import Backbone, Method
from methods._likelihood import LIKELIHOODS
from metrics._codes import Codes

SHAPES = ((1, 32, 32), (3, 32, 32), (1, 64, 64), (12,))
ROWS = {"n_train": 600, "n_test": 300, "votes": 200, "eval_votes": 100, "n_variance": 500}
DATASETS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name == "dsprites" and not os.environ.get("BENCH_SLOW_TESTS"),
            reason="renders all of dSprites (360 MiB): set BENCH_SLOW_TESTS=1",
        ),
    )
    for name in names("dataset")
]
PLUGINS = [(kind, name) for kind in plugins.FOLDERS for name in names(kind)]

each_plugin = pytest.mark.parametrize(("kind", "name"), PLUGINS)
each_method = pytest.mark.parametrize("method", names("method"))
each_backbone = pytest.mark.parametrize("backbone", names("backbone"))
each_metric = pytest.mark.parametrize("metric", names("metric"))


def narrow(kind, name):
    """Arguments of a plugin with any width scaled down."""
    width = plugins.defaults(kind, name).get("width")
    return resolve(kind, name, {"width": 0.1 if width.annotation is float else 8} if width else {})


def fitting(name):
    """A shape that the backbone fits."""
    for shape in SHAPES:
        try:
            plugins.load("backbone", name)(shape, 3, LIKELIHOODS["bernoulli"], **narrow("backbone", name))
        except ValueError:
            continue
        return shape
    raise AssertionError(f"{name} fits none of {SHAPES}")


def build(method, backbone, shape, z_dim=3):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = plugins.load("backbone", backbone)(
            shape, z_dim, LIKELIHOODS["bernoulli"], **narrow("backbone", backbone)
        )
        return plugins.load("method", method)(body, **narrow("method", method))


def batch(shape, n=16):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(1))


def two_updates(method, backbone):
    """The weights before two updates, the method after them, and their history."""
    shape = fitting(backbone)
    made = build(method, backbone, shape)
    before = {name: w.detach().clone() for name, w in made.named_parameters()}
    spec = RunSpec(
        dataset=DataSpec(name="noise", sha256=""), method=method, params={}, backbone=backbone, backbone_params={},
        likelihood="bernoulli", z_dim=3, batch_size=8, steps=2, lr=1e-2, seed=0,
    )  # fmt: skip
    x = batch(shape, 8 * made.draws)
    return before, made, train(made, lambda step: x, spec, torch.Generator().manual_seed(2), 1).history


@each_plugin
def test_a_plugin_is_the_one_public_name_of_a_documented_module(kind, name):
    plugin = plugins.load(kind, name)
    module = importlib.import_module(plugin.__module__)
    assert inspect.getdoc(plugin)
    if name in plugins._own(kind):
        assert module.__name__ == f"{plugins.FOLDERS[kind]}.{name}"
        assert module.__all__ == [plugin.__name__]
        if kind != "dataset":
            assert re.search(r"\b(19|20)\d\d\b", inspect.getdoc(module)), "cites a paper, with its year"


@each_plugin
def test_arguments_are_of_types_that_a_study_can_state(kind, name):
    resolved = resolve(kind, name, {})
    assert resolve(kind, name, resolved) == resolved
    assert resolve(kind, name, {argument: str(value) for argument, value in resolved.items()}) == resolved


def test_no_name_is_of_two_plugins():
    assert len({name for _, name in PLUGINS}) == len(PLUGINS)


@each_method
def test_a_methods_sweep_and_strength_are_arguments_of_its(method):
    plugin = plugins.load("method", method)
    known = plugins.defaults("method", method)
    assert issubclass(plugin, Method)
    assert set(plugin.sweep) <= set(known)
    assert plugin.strength is None or plugin.strength in known
    for argument, values in plugin.sweep.items():
        for value in values:
            plugin(build("vae", "mlp", (12,)).backbone, **{**narrow("method", method), argument: value})


@each_method
def test_terms_are_named_finite_scalars(method):
    made = build(method, "mlp", (12,))
    terms = made.terms(batch((12,), 8 * made.draws), 0, torch.Generator().manual_seed(0))
    assert {"loss", "recon", "kl"} | {player.term for player in made.players} <= set(terms)
    for term in terms.values():
        assert term.shape == ()
        assert term.isfinite()


@each_method
def test_terms_are_a_function_of_batch_step_and_generator(method):
    made = build(method, "mlp", (12,))
    x = batch((12,), 8 * made.draws)
    before, untouched = torch.get_rng_state(), x.clone()
    a, b, c = (made.terms(x, 3, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["recon"], c["recon"])
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(x, untouched)


@each_method
def test_players_share_no_weights_and_leave_none_out(method):
    made = build(method, "mlp", (12,))
    played = [id(w) for player in made.players for w in player.module.parameters()]
    assert len(set(played)) == len(played)
    assert set(played) == {id(w) for w in made.parameters()}


@each_method
@each_backbone
def test_an_update_moves_every_players_weights(method, backbone):
    before, made, history = two_updates(method, backbone)
    assert all(np.isfinite(list(row.values())).all() for row in history)
    after = dict(made.named_parameters())
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    for module in [made.backbone.encoder, made.backbone.decoder, *(player.module for player in made.players)]:
        ids = {id(w) for w in module.parameters()}
        assert any(id(after[name]) in ids for name in moved)


@each_method
def test_the_same_seed_gives_the_same_training(method):
    a, b = (two_updates(method, "mlp") for _ in range(2))
    assert a[2] == b[2]
    for mine, other in zip(a[1].parameters(), b[1].parameters(), strict=True):
        assert torch.equal(mine, other)


@each_backbone
@pytest.mark.parametrize("z_dim", [1, 4])
def test_a_backbone_encodes_and_decodes(backbone, z_dim):
    shape = fitting(backbone)
    plugin = plugins.load("backbone", backbone)
    made = plugin(shape, z_dim, LIKELIHOODS["gaussian"], **narrow("backbone", backbone))
    assert isinstance(made, Backbone)
    mu, logvar = made.encode(batch(shape, 5))
    assert mu.shape == logvar.shape == (5, z_dim)
    assert made.decode(mu).shape == (5, *shape)
    assert (made.x_shape, made.z_dim, made.likelihood) == (shape, z_dim, LIKELIHOODS["gaussian"])


@each_backbone
def test_a_backbone_treats_rows_alike(backbone):
    made = build("vae", backbone, fitting(backbone)).backbone
    x = batch(made.x_shape, 6)
    mu, logvar = made.encode(x)
    alone = made.encode(x[2:3])
    torch.testing.assert_close(torch.cat(alone), torch.stack([mu[2], logvar[2]]), rtol=1e-4, atol=1e-5)


@each_metric
def test_a_metric_has_its_protocol_in_its_signature(metric):
    codes, rng, *protocol = inspect.signature(plugins.load("metric", metric)).parameters.values()
    assert codes.name in ("sample", "table")
    assert rng.name == "rng"
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in protocol)
    made = Protocol(metric, resolve("metric", metric, {}))
    assert made.id.startswith(f"{metric}:")
    assert made.rows > 0 or made.on_table


@each_metric
def test_a_metric_tells_a_perfect_code_from_noise(metric):
    rng = np.random.default_rng(0)
    v = rng.integers(0, (3, 4, 5), (900, 3))
    arguments = {name: value for name, value in ROWS.items() if name in plugins.defaults("metric", metric)}
    perfect, noise = (
        plugins.load("metric", metric)(Codes(z, v), np.random.default_rng(1), **arguments)
        for z in (v.astype(float), rng.standard_normal((900, 3)))
    )
    assert perfect.values.keys() == noise.values.keys()
    for name, value in perfect.values.items():
        assert np.isfinite([value, noise.values[name]]).all()
    assert any(value > noise.values[name] for name, value in perfect.values.items())
    assert all(per_factor.shape == (3,) for per_factor in perfect.per_factor.values())


@pytest.mark.parametrize("name", DATASETS)
def test_a_data_set_is_a_grid_of_factors_over_observations(name):
    data = plugins.load("dataset", name)()
    assert len(data) == len(data.v) == np.prod(data.sizes)
    assert len(data.names) == len(data.sizes) == data.v.shape[1]
    assert (data.v.min(axis=0) == 0).all()
    assert (data.v.max(axis=0) == np.array(data.sizes) - 1).all()
    assert len(np.unique(data.v, axis=0)) == len(data)
    assert data.likelihood in LIKELIHOODS
    x = data.x(np.random.default_rng(0).integers(len(data), size=200))
    assert x.shape == (200, *data.shape)
    assert x.dtype == np.float32
    assert x.min() >= 0
    assert x.max() <= 1
    assert x.std() > 0
    assert re.fullmatch("[0-9a-f]{64}", data.sha256)
