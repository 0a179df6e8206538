"""The loop on methods of the suite and on ones made to tell what it does."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from bench.training.batches import BLOCK, Batches, Table
from bench.training.build import build
from bench.training.loop import train
from methods._base import Method

METHODS = ("vae", "betavae", "factorvae", "infovae")
CPU = torch.device("cpu")


def trained(spec, dataset, method=None, log_every=1):
    method = method or build(spec, dataset.shape)
    batches = Batches(dataset, spec, method.draws, CPU)
    return method, train(method, batches, spec, torch.Generator().manual_seed(0), log_every)


def weights(module):
    return {name: w.detach().clone() for name, w in module.named_parameters()}


def equal(a, b):
    return all(torch.equal(a[name], b[name]) for name in a.keys() | b.keys())


class Altered(Method):
    """Another method, its terms passed through a function."""

    def __init__(self, method, alter):
        super().__init__(method.backbone)
        self.method, self.alter, self.players, self.draws = method, alter, method.players, method.draws

    def terms(self, x, step, rng):
        return self.alter(self.method.terms(x, step, rng), step)


def test_no_multiple_of_the_discriminators_loss_moves_the_backbone(toy, spec_of):
    """The leak of other implementations: d_loss back-propagated through z into the encoder."""
    spec = spec_of("factorvae", steps=1)
    backbones, discriminators = [], []
    for scale in (1, 1000):
        factorvae = build(spec, toy.shape)
        trained(spec, toy, Altered(factorvae, lambda terms, _, s=scale: {**terms, "d_loss": s * terms["d_loss"]}))
        backbones.append([(w.detach().clone(), w.grad) for w in factorvae.backbone.parameters()])
        discriminators.append([w.grad for w in factorvae.discriminator.parameters()])
    for (w, grad), (w_louder, grad_louder) in zip(*backbones, strict=True):
        assert torch.equal(w, w_louder)
        assert torch.equal(grad, grad_louder)
    for grad, grad_louder in zip(*discriminators, strict=True):
        torch.testing.assert_close(grad_louder, 1000 * grad, rtol=1e-4, atol=1e-3)


def test_the_leak_would_show(toy, spec_of):
    """d_loss has a gradient by the encoder: what keeps it out is the loop."""
    spec = spec_of("factorvae")
    method = build(spec, toy.shape)
    terms = method.terms(Batches(toy, spec, 2, CPU)(0), 0, torch.Generator().manual_seed(0))
    leak = torch.autograd.grad(terms["d_loss"], list(method.backbone.encoder.parameters()))
    assert max(g.abs().max() for g in leak) > 0


def test_all_players_step_from_the_same_weights(toy, spec_of):
    spec = spec_of("factorvae", steps=3)
    after = []
    for order in (slice(None), slice(None, None, -1)):
        method = build(spec, toy.shape)
        method.players = method.players[order]
        after.append(weights(trained(spec, toy, method)[0]))
    assert equal(*after)


@pytest.mark.parametrize("coloured", [False, True])
def test_an_update_is_adams_on_each_players_own_term(toy, spec_of, coloured):
    """In colour a gradient lies otherwise in memory than its weight, which Adam's fused kernel overlooks."""
    if coloured:
        x = np.random.default_rng(0).integers(0, 256, (24, 3, 8, 8), np.uint8)
        toy = dataclasses.replace(toy, observations=x, shape=(3, 8, 8))
    spec = spec_of("factorvae", {"lr_discriminator": 0.01}, steps=1)
    mine, _ = trained(spec, toy)
    by_hand = build(spec, toy.shape)
    terms = by_hand.terms(Batches(toy, spec, 2, CPU)(0), 0, torch.Generator().manual_seed(0))
    for term, module, lr in (("loss", by_hand.backbone, 1e-3), ("d_loss", by_hand.discriminator, 0.01)):
        grads = torch.autograd.grad(terms[term], list(module.parameters()), retain_graph=True)
        with torch.no_grad():  # at its first update Adam steps by lr in the direction of each gradient's sign
            for w, g in zip(module.parameters(), grads, strict=True):
                w -= lr * g / (g.abs() + 1e-8)
    for a, b in zip(mine.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_clipping_bounds_each_players_norm(toy, spec_of, method):
    method, training = trained(spec_of(method, steps=1, grad_clip=1e-3), toy)
    for player in method.players:
        norm = torch.stack([w.grad.norm() for w in player.module.parameters()]).norm()
        assert training.history[0][f"grad_{player.term}"] > 1e-3  # before it is clipped
        assert norm.item() == pytest.approx(1e-3, rel=1e-3)


def test_a_bound_that_does_not_bind_changes_nothing(toy, spec_of):
    free, bound = (trained(spec_of(grad_clip=clip), toy)[0] for clip in (0.0, 1e9))
    assert equal(weights(free), weights(bound))


def test_clipping_is_at_every_update_not_at_logged_ones_alone(toy, spec_of):
    """How often a history is written alters no training."""
    spec = spec_of(steps=6, grad_clip=1e-3)
    (often, _), (rarely, _) = (trained(spec, toy, log_every=n) for n in (1, 6))
    assert equal(weights(often), weights(rarely))
    unclipped, _ = trained(spec_of(steps=6), toy)
    assert not equal(weights(often), weights(unclipped))


def test_it_is_the_clipped_gradient_that_is_followed(toy, spec_of):
    free, bound = (trained(spec_of(grad_clip=clip), toy)[0] for clip in (0.0, 1e-6))  # near Adam's epsilon: slower
    start = weights(build(spec_of(), toy.shape))
    moved = [sum((w - start[name]).abs().sum() for name, w in weights(made).items()) for made in (free, bound)]
    assert moved[1] < 0.9 * moved[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_first_warm_update_is_by_the_reconstruction_alone(toy, spec_of, method):
    spec = spec_of(method, steps=1, warmup=10)
    _, training = trained(spec, toy)
    row = training.history[0]
    assert row["loss"] == pytest.approx(row["recon"])
    assert row["kl"] > 0


@pytest.mark.parametrize("step", [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 5])
def test_batches_are_a_function_of_seed_and_update(toy, spec_of, step):
    walked = Batches(toy, spec_of(), 2, CPU)
    for s in range(0, step, 50):
        walked.index(s)
    jumped = Batches(toy, spec_of(), 2, CPU)
    jumped.index(10 * BLOCK)
    np.testing.assert_array_equal(walked.index(step), jumped.index(step))
    assert not np.array_equal(walked.index(step), walked.index(step + 1))
    assert not np.array_equal(walked.index(step), walked.index(step + BLOCK))
    assert not np.array_equal(walked.index(step), Batches(toy, spec_of(seed=1), 2, CPU).index(step))


@pytest.mark.parametrize("draws", [1, 2, 4])
def test_as_many_batches_as_a_method_draws(toy, spec_of, draws):
    rows, two = (Batches(toy, spec_of(), n, CPU).index(3).reshape(n, 8) for n in (draws, 2))
    assert len({tuple(batch) for batch in rows}) == draws
    np.testing.assert_array_equal(rows[:2], two[:draws])


@pytest.mark.parametrize("step", [0, BLOCK + 7])
def test_every_method_sees_the_same_batch_for_its_elbo(toy, spec_of, step):
    one, two = (Batches(toy, spec_of(method), draws, CPU).index(step) for method, draws in (("vae", 1), ("infovae", 2)))
    assert two.shape == (16,)
    np.testing.assert_array_equal(two[:8], one)
    assert not np.array_equal(two[:8], two[8:])


def test_batches_are_uniform_over_the_rows(toy, spec_of):
    batches = Batches(toy, spec_of(batch_size=64), 2, CPU)
    rows = np.stack([batches.index(step) for step in range(200)])
    for draw in (rows[:, :64], rows[:, 64:]):
        counts = np.bincount(draw.ravel(), minlength=24)
        expected = draw.size / 24
        assert ((counts - expected) ** 2 / expected).sum() < 49.7  # chi squared, 23 degrees of freedom: p = .001


def test_x_is_the_data_sets(toy, spec_of):
    batches = Batches(toy, spec_of(), 1, CPU)
    np.testing.assert_array_equal(batches(3).numpy(), toy.x(batches.index(3)))


@pytest.mark.parametrize("stored", ["bytes", "bits", "floats"])
def test_a_table_on_a_device_gives_the_data_sets_numbers(toy, stored):
    rng = np.random.default_rng(0)
    observations = {
        "bytes": rng.integers(256, size=(9, 1, 3, 5), dtype=np.uint8),
        "bits": np.packbits(rng.integers(2, size=(9, 15), dtype=np.uint8), axis=1),
        "floats": rng.standard_normal((9, 1, 3, 5)),
    }[stored]
    dataset = dataclasses.replace(toy, observations=observations, shape=(1, 3, 5), packed=stored == "bits")
    index = rng.integers(9, size=20)
    x = Table(dataset, CPU).x(torch.from_numpy(index))
    np.testing.assert_array_equal(x.numpy(), dataset.x(index))


def test_a_table_is_filled_in_pieces(toy, monkeypatch):
    monkeypatch.setattr("bench.training.batches.PIECE", 150)  # bytes: two images and a part of the third
    np.testing.assert_array_equal(Table(toy, CPU).rows.numpy(), toy.observations)


class Recipes:
    """Observations that are put together when asked for."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


def test_observations_that_are_put_together_or_are_too_many_stay_on_the_processor(toy, spec_of, monkeypatch):
    lazy = dataclasses.replace(toy, observations=Recipes(toy.observations))
    assert Table.of(lazy, CPU) is None
    assert Table.of(toy, CPU) is not None
    monkeypatch.setattr("bench.training.batches.TABLE_BYTES", toy.observations.nbytes - 1)
    assert Table.of(toy, CPU) is None
    assert torch.equal(Batches(lazy, spec_of(), 1, CPU)(3), Batches(toy, spec_of(), 1, CPU)(3))


def test_batches_from_a_device_are_those_of_the_processor(toy, spec_of):
    near, far = (Batches(toy, spec_of(), 2, CPU) for _ in range(2))
    far.table = Table(toy, CPU)
    for step in (0, 1, BLOCK - 1, BLOCK, 5):
        assert torch.equal(near(step), far(step))


@pytest.mark.parametrize("at", [0, 5, 9])
def test_divergence_is_found_with_its_update(toy, spec_of, at):
    method, training = trained(spec_of("unruly", {"nan_at": at}, steps=20), toy, log_every=4)
    assert training.diverged_at == at + 1
    assert training.history[-1]["step"] == 4 * (at // 4 + 1)
    assert math.isnan(training.history[-1]["loss"])
    assert any(w.isnan().any() for w in method.backbone.decoder.parameters())


def test_divergence_of_any_players_term_counts(toy, spec_of):
    spec = spec_of("factorvae", steps=3)
    bad = Altered(build(spec, toy.shape), lambda terms, step: {**terms, "d_loss": terms["d_loss"] / (step != 1)})
    assert trained(spec, toy, bad)[1].diverged_at == 2


def test_a_training_that_ends_well_has_not_diverged(toy, spec_of):
    assert trained(spec_of("factorvae"), toy)[1].diverged_at is None


def test_history_holds_the_means_since_the_last_row(toy, spec_of):
    spec = spec_of("factorvae", steps=10)
    every, fourth = (trained(spec, toy, log_every=n)[1].history for n in (1, 4))
    assert [row["step"] for row in every] == list(range(1, 11))
    assert [row["step"] for row in fourth] == [4, 8, 10]
    assert set(fourth[0]) == {"step", "loss", "d_loss", "recon", "kl", "tc", "grad_loss", "grad_d_loss"}
    for row, since in zip(fourth, (every[:4], every[4:8], every[8:]), strict=True):
        assert row["kl"] == pytest.approx(np.mean([r["kl"] for r in since]))
        assert row["grad_loss"] == pytest.approx(since[-1]["grad_loss"])


def test_every_row_is_told(toy, spec_of):
    told = []
    spec = spec_of(steps=5)
    batches, rng = Batches(toy, spec, 1, CPU), torch.Generator().manual_seed(0)
    training = train(build(spec, toy.shape), batches, spec, rng, 2, told.append)
    assert told == training.history


def test_training_lowers_the_loss(toy, spec_of):
    history = trained(spec_of(steps=150, lr=5e-3), toy, log_every=30)[1].history
    assert history[-1]["loss"] < 0.6 * history[0]["loss"]


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_gives_every_method_the_same_backbone(toy, spec_of, method):
    vae, other = (build(spec_of(m), toy.shape) for m in ("vae", method))
    assert equal(weights(vae.backbone), weights(other.backbone))
    assert not equal(weights(vae.backbone), weights(build(spec_of(method, seed=1), toy.shape).backbone))


def test_a_discriminators_width_does_not_move_the_backbone(toy, spec_of):
    narrow, wide = (build(spec_of("factorvae", {"width": w}), toy.shape) for w in (4, 9))
    assert equal(weights(narrow.backbone), weights(wide.backbone))


def test_neither_does_the_backbone_move_the_discriminator(toy, spec_of):
    mlp = spec_of("factorvae", backbone="mlp", backbone_params={"width": 0.01})
    small, dense = (build(spec, toy.shape) for spec in (spec_of("factorvae"), mlp))
    assert equal(weights(small.discriminator), weights(dense.discriminator))


def test_building_leaves_the_global_generator_as_it_was(toy, spec_of):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    build(spec_of("factorvae"), toy.shape)
    assert torch.equal(torch.get_rng_state(), before)


def test_training_draws_nothing_from_global_generators(toy, spec_of):
    spec = spec_of("factorvae")
    before = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    trained(spec, toy)
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
